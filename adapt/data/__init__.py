"""Load domains by name or from files, and check them.

Imports only NumPy.

A file NAME.py in the folder `data` of plug-ins defines NAME(data_dir=None) -> Domain.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adapt import catalogue
from adapt.data import (
  containers,
  domains,
  encode,
  files,
  folders,
  mask_folders,
  sound,
  tabular,
  texts,
  unseen,
)
from adapt.data.checks import check_pair
from adapt.data.domain import Domain, Split, labelled, output_of
from adapt.data.files import read_folder
from adapt.data.reading import Reading, check

__all__ = [
  "Domain",
  "Reading",
  "Split",
  "check_pair",
  "few_shot",
  "is_file",
  "labelled_rows",
  "load",
  "load_together",
  "names",
  "read",
  "read_folder",
]


_GROUP = "adapt.data"


def load(name: str, data_dir: str | None = None, reading: Reading = Reading()) -> Domain:
  """Load one domain by name or file, encoded as for training.

  Args and errors are those of `read`. The domains of one task are loaded with `load_together`.
  """
  return load_together([name], data_dir, reading)[0]


def load_together(
  names: Sequence[str],
  data_dir: str | None = None,
  reading: Reading = Reading(),
  unseen_target: bool = False,
) -> list[Domain]:
  """Load a task's domains: the sources, then the target, encoded alike.

  Args and errors are those of `read`, and errors those of `encode.together`. With `unseen_target` the
  last one is encoded as later data, and hidden from training.
  """
  read_alone = [read(name, data_dir, reading) for name in names]
  found = containers.widened(read_alone, names)
  if unseen_target:  # whose width is not the sources'
    found = [*containers.widened(read_alone[:-1], names[:-1]), found[-1]]
  called = [
    d._replace(name=n) if is_file(n) else d for n, d in zip(names, found, strict=True)
  ]  # messages name the file
  together = unseen.together if unseen_target else encode.together
  made = together(called, reading, own=all(map(is_file, names)))
  if len(made) > 1:  # encoded for good
    made = [d._replace(tables=None) for d in made]
  return [d._replace(name=f.name) for d, f in zip(made, found, strict=True)]


def is_file(name: str) -> bool:
  """Whether a name is the path of one's own data.

  Else it is a set's name, or that of a network's features.
  """
  known = name in catalogue.names(_GROUP) or name in domains.NAMED
  return not known and not name.startswith(("tfds:", "features:"))


def read(name: str, data_dir: str | None = None, reading: Reading = Reading()) -> Domain:
  """Read a domain by name or from a file.

  The inputs may be a table or texts.

  Args:
    name: one of `names()`; "tfds:NAME", "tfds:NAME/config" or either with "/split" for a prepared
      TFDS set; the path of an .npz or .npy file (see `files`), of a .mat, .h5 or .svmlight file (see
      `containers`), of a .csv or other table (see `tabular`; FILE#VALUE has the rows of one value of
      the domain column) or of a folder of images, sound or texts (see `folders`, `sound`, `texts`); or
      "features:FILE.npz" for vectors that a network has extracted.
    data_dir: where TFDS keeps its sets; None means `$TFDS_DATA_DIR` or `~/tensorflow_datasets`.
    reading: how one's own files are read.

  Raises:
    ValueError: one line with the remedy: unknown name, set not prepared, extra not installed, or a
      file that is not as it should be.
  """
  check(reading)
  if (found := _set(name, data_dir)) is not None:
    if reading.output not in (Reading().output, has := output_of(found)):
      raise ValueError(f"--output is {reading.output}, and {name} has {has}: leave --output out")
    return found
  if name.startswith("features:"):
    return files.read_features(name.removeprefix("features:"), reading.output)
  suffix = Path(name).suffix.lower()
  if suffix == ".npz":
    return files.read_npz(name, reading.output, reading.groups)
  if suffix == ".npy":
    return files.read_npy(name, reading.output)
  if suffix in containers.SUFFIXES:
    return containers.read(name, reading.output)
  if suffix in tabular.SHEETS:
    raise ValueError(f"{name} is a spreadsheet: save it as CSV and give that file")
  if reading.domain_column and "#" in name and tabular.is_table(name.rpartition("#")[0]):
    file, _, only = name.rpartition("#")
    return tabular.read_table(file, reading=reading, only=only)
  if tabular.is_table(name):
    return tabular.read_table(name, reading=reading)
  if name and Path(name).is_dir():
    if reading.output == "pixels":
      return _of_masks(name)
    # Texts last, as each picture or recording may have one beside it.
    kind = folders.most(Path(name), folders.SUFFIXES, sound.SUFFIXES, texts.SUFFIXES)
    if reading.output != "classes":
      raise ValueError(
        f"{name} is a folder, whose sub-folders are classes: for --output {reading.output} give a table "
        "with the columns path and label"
      )
    if kind == 1:
      return sound.read_folder(name, reading)
    return texts.read_folder(name) if kind == 2 else folders.read_folder(name)
  kinds = (
    "the path of a file (.npz, .npy, .csv, .tsv, .txt, .data, .parquet, .feather, .json, .jsonl, .mat, "
    ".h5, .svmlight) or of a folder of images, sound or texts"
  )
  if "/" in name and not name.startswith("tfds:"):
    raise ValueError(f"no file or folder '{name}' that can be read: give {kinds}")
  near = catalogue.meant(name, names())
  raise ValueError(
    f"unknown domain '{name}'{near}: adapt data list has the names; or give tfds:NAME, "
    f"tfds:NAME/config, {kinds}, or features:FILE.npz"
  )


def _set(name: str, data_dir: str | None) -> Domain | None:
  """Load a set that has a name, whose labels are what they are; None for any other name."""
  if name in catalogue.names(_GROUP):
    return _own(name, data_dir)
  if name in domains.NAMED:
    found = domains.NAMED[name](data_dir)
    return found._replace(notes=(*found.notes, *_passed_over(name)))
  if name.startswith("tfds:") and len(name) > len("tfds:"):
    return domains.from_tfds(name.removeprefix("tfds:"), data_dir)
  return None


def _passed_over(name: str) -> tuple[str, ...]:
  """Return what is said where a folder here has a set's name."""
  if not Path(name).is_dir():
    return ()
  return (f"{name} is the set of that name; the folder of that name is ./{name}",)


def _of_masks(name: str) -> Domain:
  if not mask_folders.is_one(Path(name)):
    raise ValueError(
      f"{name} has no folder images/ (or train/images/): for --output pixels put images there and their "
      "masks in masks/"
    )
  return mask_folders.read_folder(name)


def _own(name: str, data_dir: str | None) -> Domain:
  """Load a plug-in domain, named as the caller asked for it."""
  try:
    found = catalogue.get(_GROUP, name)(data_dir)
  except (ValueError, OSError):
    raise
  except Exception as error:  # whatever a file of the user's does
    raise ValueError(f"domain '{name}' cannot be made ({type(error).__name__}: {error})") from error
  if not isinstance(found, Domain):
    raise ValueError(f"'{name}' makes a {type(found).__name__}: return a Domain in {name}.py")
  return found._replace(name=name)


def names() -> tuple[str, ...]:
  """Return the domain names that `load` accepts."""
  return tuple(dict.fromkeys((*domains.NAMED, *catalogue.names(_GROUP))))


def labelled_rows(y: np.ndarray, shots: int | None, seed: int) -> np.ndarray:
  """Return which target training examples are labelled.

  Args:
    y: labels [n]; where some are -1, which are unknown, all the others are labelled. Values [n, d],
      NaN where unknown, and masks [n, h, w] of pixels likewise; of those `shots` are drawn in all.
    shots: else so many of each class, as `few_shot` draws them; None: all.
    seed: of the draw.
  """
  known = np.flatnonzero(labelled(y))
  if shots is None or len(known) < len(y):
    return known
  if y.ndim == 1:
    return few_shot(y, shots, seed)
  return np.sort(np.random.default_rng(seed).choice(known, shots, replace=False))


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
