"""Find and read published files in a user's folder.

Small readers of their contents are here too.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from adapt.data import images

Read = Callable[[str], bytes]


def find(folder: Path, *places: str) -> Path:
  """Return the first existing file among some places in `folder`.

  Raises ValueError, which names the places, where there is none.
  """
  for place in places:
    if (folder / place).is_file():
      return folder / place
  raise ValueError(f"no {' or '.join(places)} in '{folder}': give --from the folder that holds it")


def archives_or_folder(folder: Path, names: Sequence[str]) -> list[Path]:
  """Return the published archives, or the folder they were unpacked to.

  The archives are returned if `folder` has one of them.

  Raises:
    ValueError: some of the archives are there, but not all.
  """
  paths = [folder / name for name in names]
  there = [path.is_file() for path in paths]
  if not any(there):
    return [folder]
  if not all(there):
    raise ValueError(f"no {names[there.index(False)]} in '{folder}': put it beside the others")
  return paths


def ending(names: Sequence[str], *ends: str) -> str | None:
  """Return the first of `names` that matches a path's ending.

  It is, or ends with, one of some paths, which are tried in order.
  """
  for end in ends:
    for name in names:
      if name == end or name.endswith(f"/{end}"):
        return name
  return None


def strict(read: Read, names: Sequence[str], where: str) -> Read:
  """Wrap `read` so that a missing file raises ValueError.

  The message has one line.
  """
  known = frozenset(names)

  def known_only(name: str) -> bytes:
    if name not in known:
      raise ValueError(f"{where} has no {name}: it is incomplete, fetch it again")
    return read(name)

  return known_only


def pixels(data: bytes, name: str) -> np.ndarray:
  """Decode an image to [h, w, 3] uint8.

  Raises ValueError, which names it, if it does not decode.
  """
  with images.opened(data, name, "fetch it again") as image:
    return np.asarray(image.convert("RGB"))


def lines(data: bytes, name: str) -> list[str]:
  """Read the non-empty lines of an ASCII list.

  Raises ValueError, which names it, if it is not ASCII text.
  """
  try:
    return [line.strip() for line in data.decode("ascii").splitlines() if line.strip()]
  except UnicodeDecodeError as error:
    raise ValueError(f"{name} is not a plain text list: fetch it again") from error
