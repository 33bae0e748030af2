"""Where published files lie in a folder that a person gives, and small readers of what is in them."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

Read = Callable[[str], bytes]


def find(folder: Path, *places: str) -> Path:
  """The first of some places in `folder` where there is a file; ValueError names them."""
  for place in places:
    if (folder / place).is_file():
      return folder / place
  raise ValueError(f"no {' or '.join(places)} in '{folder}': give --from the folder that holds it")


def archives_or_folder(folder: Path, names: Sequence[str]) -> list[Path]:
  """The published archives if `folder` has one of them, else `folder`, where they are unpacked.

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
  """The first of `names` that is, or ends with, one of some paths; the paths in order."""
  for end in ends:
    for name in names:
      if name == end or name.endswith(f"/{end}"):
        return name
  return None


def strict(read: Read, names: Sequence[str], where: str) -> Read:
  """`read` that raises a ValueError, one line, where there is no such file."""
  known = frozenset(names)

  def known_only(name: str) -> bytes:
    if name not in known:
      raise ValueError(f"{where} has no {name}: it is incomplete, fetch it again")
    return read(name)

  return known_only


def pixels(data: bytes, name: str) -> np.ndarray:
  """An encoded image as [h, w, 3] uint8; ValueError names it if it does not decode."""
  try:
    with Image.open(io.BytesIO(data)) as image:
      return np.asarray(image.convert("RGB"))
  except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
    raise ValueError(f"{name} does not decode as an image: fetch it again") from error


def lines(data: bytes, name: str) -> list[str]:
  """The lines of an ASCII list, without empty ones; ValueError names it if it is no such text."""
  try:
    return [line.strip() for line in data.decode("ascii").splitlines() if line.strip()]
  except UnicodeDecodeError as error:
    raise ValueError(f"{name} is not a plain text list: fetch it again") from error
