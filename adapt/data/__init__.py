"""Data: a domain by name or from a file, and the checks before a run. Imports only NumPy."""

import numpy as np

from adapt.data import domains, files
from adapt.data.checks import check_pair
from adapt.data.domain import Domain, Split
from adapt.data.files import read_folder

__all__ = ["Domain", "Split", "check_pair", "few_shot", "load", "names", "read_folder"]


def load(name: str, data_dir: str | None = None) -> Domain:
  """A domain.

  Args:
    name: one of `names()`; "tfds:NAME" or "tfds:NAME/config" for a prepared TFDS set; or the path
      of an .npz file (see `files.read_npz`).
    data_dir: where TFDS keeps its sets; None means `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.

  Raises:
    ValueError: one line with the remedy: unknown name, set not prepared, extra not installed, or a
      file that is not as it should be.
  """
  if name in domains.NAMED:
    return domains.NAMED[name](data_dir)
  if name.startswith("tfds:") and len(name) > len("tfds:"):
    return domains.from_tfds(name.removeprefix("tfds:"), data_dir)
  if name.endswith(".npz"):
    return files.read_npz(name)
  raise ValueError(
    f"unknown domain '{name}': choose from {', '.join(names())}, or give tfds:NAME, "
    "tfds:NAME/config or the path of an .npz file"
  )


def names() -> tuple[str, ...]:
  """The names that `load` knows."""
  return tuple(domains.NAMED)


def few_shot(y: np.ndarray, shots: int, seed: int) -> np.ndarray:
  """Draws the labelled target examples of a few-shot task.

  Args:
    y: labels [n] of the target's training set.
    shots: how many examples of each class that occurs.
    seed: of the draw; the same seed gives the same examples.

  Returns:
    Ascending indices into y, [shots * number of classes].

  Raises:
    ValueError: negative shots, or a class with fewer examples.
  """
  if shots < 0:
    raise ValueError(f"shots is {shots}: give 0 or more labelled examples a class")
  generator = np.random.default_rng(seed)
  drawn = [np.empty(0, np.int64)]
  for label in np.unique(y):
    rows = np.flatnonzero(y == label)
    if len(rows) < shots:
      raise ValueError(
        f"class {label} has {len(rows)} examples, fewer than {shots} shots: use fewer"
      )
    drawn.append(generator.choice(rows, shots, replace=False))
  return np.sort(np.concatenate(drawn))
