"""Read a folder of images as a domain.

There is one folder a class, with or without train and test folders.
"""

import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adapt.data.domain import Domain, Split
from adapt.data.images import Files, Images
from adapt.data.splits import stratified

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm")
_TESTS = ("test", "val")


def read_folder(folder: str | os.PathLike, side: int = 224) -> Domain:
  """Read a domain of image files, decoded on use.

  The files stay where they are.

  Args:
    folder: holds a folder of images for each class; or `train` and `test` (or `val`), each with
      such class folders; or images alone, which makes a target whose labels are unknown. Files of
      other kinds and hidden ones are passed over. Without a test folder, a fixed fifth of each
      class is the test split. A `train` that holds images and lies beside class folders is a
      class, as in VisDA-2017.
    side: height and width to which images are resized, in pixels.

  Returns:
    The domain, named after the folder; its classes are the folders' names in sorted order.

  Raises:
    ValueError: one line with the remedy: no image, an empty class folder, images beside class
      folders, either beside a train folder, a test folder without a train folder.
  """
  folder = Path(folder)
  found = [_images(part) for part in _parts(folder)]
  classes = tuple(sorted({name for _, names in found for name in names or ()}))
  number = {name: k for k, name in enumerate(classes)}
  labelled = [
    (paths, None if names is None else np.array([number[name] for name in names], np.int32))
    for paths, names in found
  ]
  return domain(folder.resolve().name, labelled, classes, str(folder), side)


def domain(
  name: str,
  parts: Sequence[tuple[Sequence[str], np.ndarray | None]],
  classes: tuple[str, ...],
  where: str,
  side: int = 224,
) -> Domain:
  """Build a domain from image files.

  Args:
    name: the domain's.
    parts: paths and labels [n] int32 (None where unknown) of the training and the test split; of
      one part alone, a fixed fifth of each class is the test split.
    classes: the classes' names.
    where: what a message calls it.
    side: height and width to which images are resized, in pixels.

  Raises:
    ValueError: one image alone, which cannot be split.
  """
  source = Files(tuple(path for paths, _ in parts for path in paths))
  if len(parts) == 1:
    y = parts[0][1]
    rows = stratified(np.zeros(len(source)) if y is None else y)
    known = [None if y is None else y[part] for part in rows]
  else:
    n = len(parts[0][0])
    rows = np.arange(n), np.arange(n, len(source))
    known = [y for _, y in parts]
  train, test = (Split(Images(source, part, side), y) for part, y in zip(rows, known, strict=True))
  return Domain(name, train, test, classes)


def _parts(folder: Path) -> list[Path]:
  """Find the training and test folders, or the folder itself."""
  inside = {path.name: path for path in _folders(folder)}
  tests = [inside[name] for name in _TESTS if name in inside]
  classes = [path for name, path in inside.items() if name not in ("train", *_TESTS)]
  if "train" not in inside:
    if tests and not classes:
      raise ValueError(
        f"{folder} has {tests[0].name}/ but no train/: add it, or name {tests[0]} itself"
      )
    return [folder]
  if not _folders(inside["train"]) and (classes or not tests):
    return [folder]
  if beside := [*map(str, classes), *_files(folder)]:
    raise ValueError(
      f"{beside[0]} lies beside the split {inside['train']}: move it into there, or name "
      f"{inside['train']} itself"
    )
  return [inside["train"], *tests[:1]]


def _folders(folder: Path) -> list[Path]:
  if not folder.is_dir():
    raise ValueError(f"no folder '{folder}': check the path")
  return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _files(folder: Path) -> list[str]:
  found = (p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and p.is_file())
  return sorted(str(p) for p in found if not p.name.startswith("."))


def _images(folder: Path) -> tuple[list[str], list[str] | None]:
  """List a folder's image files with their class folders.

  The class folders are None where there are none.
  """
  loose = _files(folder)
  classes = _folders(folder)
  if not classes:
    if not loose:
      raise ValueError(f"{folder} has no image ({', '.join(SUFFIXES)}): check the path")
    return loose, None
  if loose:
    raise ValueError(f"{loose[0]} lies beside class folders: move it into the folder of its class")
  paths, names = [], []
  for name, path in _named(classes).items():
    inside = _files(path)
    if not inside:
      raise ValueError(
        f"the class folder {path} has no image ({', '.join(SUFFIXES)}): add some, or remove it"
      )
    paths += inside
    names += [name] * len(inside)
  return paths, names


def _named(folders: Sequence[Path]) -> dict[str, Path]:
  """Return class folders by the class's name, without what no eye sees.

  An accented letter may be one code point or two, as the system that made the folder has it.

  Raises:
    ValueError: two folders with one name.
  """
  found: dict[str, Path] = {}
  for path in folders:
    name = unicodedata.normalize("NFC", path.name).strip() or path.name
    if name in found:
      raise ValueError(
        f"{found[name]!s} and {path!s} differ only in blanks or in how letters are stored: make them "
        "one class folder, or rename one"
      )
    found[name] = path
  return found
