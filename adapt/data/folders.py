"""Read a folder of images as a domain.

There is one folder a class, with or without train and test folders.
"""

import collections
import os
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from adapt.data.domain import Domain, Split
from adapt.data.images import Files, Images
from adapt.data.splits import stratified

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".pgm", ".gif", ".tif", ".tiff")
KNOWN = ", ".join(SUFFIXES)
_TESTS = ("test", "val")
Part = tuple[list[str], np.ndarray | None]  # paths and labels [n] int32, None where unknown


class Tree(NamedTuple):
  """Files of one kind in a folder, in one or two parts.

  Two are the training and the test part.
  """

  parts: tuple[Part, ...]
  classes: tuple[str, ...]
  notes: tuple[str, ...]


def read_folder(folder: str | os.PathLike, side: int = 224) -> Domain:
  """Read a domain of image files, decoded on use.

  The files stay where they are.

  Args:
    folder: holds a folder of images for each class; or `train` and `test` (or `val`), each with
      such class folders; or images alone, which makes a target whose labels are unknown. A `val`
      beside `train` and `test` joins the training examples. Files of other kinds and folders inside
      class folders are passed over, which a note of the domain counts, and so are hidden ones.
      Without a test folder, a fixed fifth of each class is the test split. A `train` that holds
      images and lies beside class folders is a class, as in VisDA-2017.
    side: height and width to which images are resized, in pixels.

  Returns:
    The domain, named after the folder; its classes are the folders' names in sorted order.

  Raises:
    ValueError: one line with the remedy: no image, an empty class folder, images beside class
      folders, either beside a train folder, a test folder without a train folder.
  """
  folder = Path(folder)
  found = tree(folder, SUFFIXES, "image")
  made = domain(folder.resolve().name, found.parts, found.classes, str(folder), side)
  return made._replace(notes=found.notes)


def tree(folder: Path, suffixes: Sequence[str], what: str) -> Tree:
  """Find a folder's files of some suffixes, by split and class.

  Args:
    folder: as for `read_folder`.
    suffixes: of the files, in small letters.
    what: what a message calls one of them.

  Raises:
    ValueError: as `read_folder`.
  """
  found = [[_inside(part, suffixes, what) for part in group] for group in _parts(folder, suffixes)]
  every = [names for group in found for _, names in group]
  classes = tuple(sorted({name for names in every for name in names or ()}))
  number = {name: k for k, name in enumerate(classes)}
  parts: list[Part] = []
  for group in found:
    paths = [path for some, _ in group for path in some]
    unknown = {names is None for _, names in group}
    if len(unknown) > 1:
      raise ValueError(f"{folder}/val and {folder}/train: sort both into class folders, or neither")
    labels = [number[name] for _, names in group for name in names or ()]
    parts.append((paths, None if unknown == {True} else np.array(labels, np.int32)))
  notes = [_left_out(folder, {path for paths, _ in parts for path in paths})]
  if len(found[0]) > 1:
    notes.insert(
      0, f"{folder}: the {len(found[0][1][0])} {what}s in val/ join the training examples"
    )
  return Tree(tuple(parts), classes, tuple(filter(None, notes)))


def _left_out(folder: Path, used: set[str]) -> str:
  """Say how many files are passed over, by reason; hidden ones are meant not to be seen."""
  reasons: collections.Counter[str] = collections.Counter()
  endings = {Path(path).suffix.lower() for path in used}
  for place, inside, files in os.walk(folder):
    inside[:] = [name for name in inside if not name.startswith(".")]
    for name in files:
      path = Path(place) / name
      if name.startswith(".") or str(path) in used:
        continue
      ending = path.suffix.lower()
      if ending in endings:
        reasons[f"in the folder {path.parent.relative_to(folder)} inside a class folder"] += 1
      else:
        reasons[f"of kind {ending or 'without a suffix'}"] += 1
  if not reasons:
    return ""
  listed = [f"{count} {reason}" for reason, count in reasons.most_common(5)]
  if rest := sum(reasons.values()) - sum(count for _, count in reasons.most_common(5)):
    listed.append(f"{rest} others")
  total = sum(reasons.values())
  return f"{folder}: {total} file{'s' * (total > 1)} passed over: {', '.join(listed)}"


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
  rows, known = split(parts)
  train, test = (Split(Images(source, part, side), y) for part, y in zip(rows, known, strict=True))
  return Domain(name, train, test, classes, "image", held_out=len(parts) == 1)


def split(
  parts: Sequence[tuple[Sequence[str], np.ndarray | None]],
) -> tuple[tuple[np.ndarray, np.ndarray], list[np.ndarray | None]]:
  """Rows of the training and the test split, and their labels.

  The rows are among all parts' files.
  """
  if len(parts) > 1:
    n, whole = len(parts[0][0]), sum(len(paths) for paths, _ in parts)
    return (np.arange(n), np.arange(n, whole)), [y for _, y in parts]
  paths, y = parts[0]
  rows = stratified(np.zeros(len(paths)) if y is None else y)
  return rows, [None if y is None else y[part] for part in rows]


def _parts(folder: Path, suffixes: Sequence[str]) -> list[list[Path]]:
  """Find the folders of the training and of the test part, or the folder itself."""
  inside = {path.name: path for path in _folders(folder)}
  tests = [inside[name] for name in _TESTS if name in inside]
  classes = [path for name, path in inside.items() if name not in ("train", *_TESTS)]
  if "train" not in inside:
    if tests and not classes:
      raise ValueError(
        f"{folder} has {tests[0].name}/ but no train/: add it, or name {tests[0]} itself"
      )
    return [[folder]]
  if not _folders(inside["train"]) and (classes or not tests):
    return [[folder]]
  if beside := [*map(str, classes), *_files(folder, suffixes)]:
    raise ValueError(
      f"{beside[0]} lies beside the split {inside['train']}: move it into there, or name "
      f"{inside['train']} itself"
    )
  return [[inside["train"], *tests[1:]], *([test] for test in tests[:1])]


def most(folder: Path, *kinds: Sequence[str]) -> int:
  """Return which kind of files, by suffixes, a folder has most of.

  Of equals it is the first.
  """
  counts = collections.Counter(
    Path(name).suffix.lower() for _, _, names in os.walk(folder) for name in names
  )
  sums = [sum(counts[one] for one in kind) for kind in kinds]
  return sums.index(max(sums))


def _folders(folder: Path) -> list[Path]:
  if not folder.is_dir():
    raise ValueError(f"no folder '{folder}': check the path")
  return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _files(folder: Path, suffixes: Sequence[str]) -> list[str]:
  found = (p for p in folder.iterdir() if p.suffix.lower() in suffixes and p.is_file())
  return sorted(str(p) for p in found if not p.name.startswith("."))


def _inside(folder: Path, suffixes: Sequence[str], what: str) -> tuple[list[str], list[str] | None]:
  """List a folder's files with their class folders.

  The class folders are None where there are none.
  """
  loose = _files(folder, suffixes)
  classes = _folders(folder)
  if not classes:
    if not loose:
      raise ValueError(f"{folder} has no {what} ({', '.join(suffixes)}): check the path")
    return loose, None
  if loose:
    raise ValueError(f"{loose[0]} lies beside class folders: move it into the folder of its class")
  paths, names = [], []
  for name, path in _named(classes).items():
    inside = _files(path, suffixes)
    if not inside:
      raise ValueError(
        f"the class folder {path} has no {what} ({', '.join(suffixes)}): add some, or remove it"
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
