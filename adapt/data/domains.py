"""Registry of named domains, and access to prepared TFDS sets.

The named ones are assembled from adapt/data/named.
"""

import os
from collections.abc import Callable

from adapt.data import class_labels, files, prepared
from adapt.data.domain import Domain, Split
from adapt.data.named import (
  air,
  digits,
  features,
  hospitals,
  machines,
  mnist_domains,
  natural,
  objects,
  reviews,
  scenes,
  signs,
  speech,
  synthetic,
  texts,
)
from adapt.data.splits import stratified

DataDir = str | os.PathLike | None


NAMED: dict[str, Callable[[DataDir], Domain]] = {
  **digits.DOMAINS,
  **mnist_domains.DOMAINS,
  **synthetic.DOMAINS,
  **signs.DOMAINS,
  **natural.DOMAINS,
  **reviews.DOMAINS,
  **texts.DOMAINS,
  **features.DOMAINS,
  **objects.DOMAINS,
  **hospitals.DOMAINS,
  **speech.DOMAINS,
  **air.DOMAINS,
  **machines.DOMAINS,
  **scenes.DOMAINS,
}


def from_tfds(name: str, data_dir: DataDir) -> Domain:
  """Load any prepared TFDS classification set.

  The name is "NAME", "NAME/config", or either with "/split".

  The test split is "test", else "validation", else a fixed fifth of each class of "train". A split
  that is named stands alone: a fixed fifth of each of its classes is the test split.

  Raises:
    ValueError: not prepared, no such split, or not such a set (see `prepared.arrays`).
  """
  stored, chosen = _named_split(name, data_dir)
  splits = prepared.splits(stored, data_dir)
  if "train" not in splits and not chosen:
    raise ValueError(
      f"tfds:{name} has no split 'train' (it has {', '.join(splits)}): name one, "
      f"tfds:{name}/{splits[0]}"
    )

  def read(split: str) -> Split:
    x, y = prepared.arrays(stored, split, data_dir)
    where = f"tfds:{stored} {split}"
    return Split(files.inputs(where, x), class_labels.from_zero(f"{where} labels", y, len(x)))

  classes = prepared.classes(stored, data_dir)
  whole = read(chosen or "train")
  for split in () if chosen else ("test", "validation"):
    if split in splits:
      return Domain(f"tfds:{name}", whole, read(split), classes)
  assert whole.y is not None  # `prepared.arrays` has seen to it
  train, test = (Split(whole.x[rows], whole.y[rows]) for rows in stratified(whole.y))
  return Domain(f"tfds:{name}", train, test, classes, held_out=True)


def _named_split(name: str, data_dir: DataDir) -> tuple[str, str]:
  """Split a name into ("NAME[/config]", "split" or "").

  The last part is a split where what precedes it has one.
  """
  stored, _, last = name.rpartition("/")
  if stored and last not in ("", "."):
    try:
      splits = prepared.splits(stored, data_dir)
    except ValueError:
      if last in ("train", "test", "validation", "all"):
        raise
      return name, ""  # a config
    if last in splits:
      return stored, last
    raise ValueError(f"tfds:{stored} has no split '{last}': choose from {', '.join(splits)}")
  return name, ""
