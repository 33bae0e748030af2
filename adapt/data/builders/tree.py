"""Treat published files as one tree of names.

They may be archives, loose files or unpacked folders. The contents are listed too.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from adapt.data import archives

Read = Callable[[str], bytes]
_IMAGE = re.compile(r"\.(jpe?g|png|bmp|gif|webp|ppm)$", re.IGNORECASE)


@contextlib.contextmanager
def opened(paths: Sequence[Path]) -> Iterator[tuple[list[str], Read]]:
  """Open the files of archives and folders, and loose files.

  Args:
    paths: archives (see `archives.contents`), folders, files.

  Returns:
    A context whose value is (names with forward slashes, relative to the archive, to the folder, or
    a loose file's own; a function from a name to its contents). Where two have the same name, the
    first counts.

  Raises:
    ValueError: as `archives.contents`.
  """
  readers: dict[str, Read] = {}
  with contextlib.ExitStack() as stack:
    for path in paths:
      if path.is_dir():
        names, read = _unpacked(path)
      elif archives.is_archive(path):
        names, read = stack.enter_context(archives.contents(path))
      else:
        names, read = [path.name], _reader(path.parent)
      for name in names:
        readers.setdefault(name, read)
    yield list(readers), lambda name: readers[name](name)


def by_folder(
  names: Sequence[str], domains: Sequence[str], classes: Sequence[str]
) -> list[tuple[int, str]]:
  """List a domain's images from one folder per class.

  Paths are …/domain/class/file or …/domain/images/class/file.

  Args:
    names: what there is.
    domains: names that the domain's folder may have.
    classes: the names of the class folders, by label. Other folders are left aside.

  Returns:
    (label, name) of each image.
  """
  either = "|".join(map(re.escape, domains))
  place = re.compile(rf"(?:.*/)?(?:{either})/(?:images/)?([^/]+)/([^/.][^/]*)")
  labels = {name: label for label, name in enumerate(classes)}
  found = []
  for name in names:
    parts = place.fullmatch(name)
    if parts and parts[1] in labels and _IMAGE.search(name) and "__MACOSX" not in name:
      found.append((labels[parts[1]], name))
  return found


def by_list(
  names: Sequence[str], text: bytes, where: str, folder: str, depth: int, count: int
) -> list[tuple[int, str]]:
  """Return the images of a list with lines "path label".

  Args:
    names: what there is.
    text: the list.
    where: what a message calls it.
    folder: what to put before each path; empty where the paths have it.
    depth: how many of the last components of a path, its folder included, identify an image.
    count: how many classes there are.

  Returns:
    (label, name) of each image.

  Raises:
    ValueError: one line that names the list: a line of another kind; an image that is not there.
  """
  tails = {_tail(name, depth): name for name in names if _IMAGE.search(name)}
  found, absent = [], []
  for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
    path, _, label = line.strip().rpartition(" ")
    if not line.strip():
      continue
    if not path or not label.isdecimal() or int(label) >= count:
      raise ValueError(
        f"{where} line {number} is not 'path label' with a label below {count}: fetch it again"
      )
    name = tails.get(_tail(f"{folder}/{path.strip()}" if folder else path.strip(), depth))
    if name is None:
      absent.append(path)
    else:
      found.append((int(label), name))
  if absent:
    raise ValueError(
      f"{where} lists {absent[0]}, which is not there ({len(absent)} of {len(absent) + len(found)} "
      "images are absent): fetch the images again"
    )
  return found


def listed(names: Sequence[str], where: str, *ends: str) -> str:
  """Return the name of a list that matches one of `ends`.

  It is the first that is one of them, or ends with it after a slash.

  Raises:
    ValueError: one line that names `where` and the list: there is none.
  """
  for end in ends:
    for name in names:
      if name == end or name.endswith(f"/{end}"):
        return name
  raise ValueError(
    f"{where} has no list {' or '.join(ends)}: give --from the folder that holds it and the images"
  )


def _tail(path: str, depth: int) -> str:
  return "/".join(path.replace("\\", "/").split("/")[-depth:])


def _unpacked(folder: Path) -> tuple[list[str], Read]:
  names = []
  for parent, folders, files in os.walk(folder):
    folders.sort()
    base = Path(parent).relative_to(folder).as_posix()
    names += [file if base == "." else f"{base}/{file}" for file in sorted(files)]
  return names, _reader(folder)


def _reader(folder: Path) -> Read:
  return lambda name: (folder / name).read_bytes()
