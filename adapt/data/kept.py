"""Arrays kept on disk between runs, each with a digest that tells whether it is still whole."""

import contextlib
import hashlib
import io
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import atomic_files

_BLOCKS, _BLOCK = 64, 4096  # of a file, evenly spaced, that are read to see whether it is whole


def keep(path: Path, array: np.ndarray, what: str) -> None:
  """Write an array and its digest; a file of that name is whole once it has its digest.

  Args:
    path: of the .npy file.
    array: what to keep.
    what: what it is of, so that one file in another's place is noticed.

  Raises:
    OSError: the folder cannot be written, or is full.
  """
  temporary = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
  try:
    with temporary.open("xb") as stream:
      np.save(stream, array, allow_pickle=False)
      stream.flush()
      os.fsync(stream.fileno())
    with temporary.open("rb") as stream:
      about = {"what": what, **_digests(stream, whole=True)}
    temporary.replace(path)
  finally:
    temporary.unlink(missing_ok=True)
  try:
    atomic_files.write_json(_beside(path), about)
  except ValueError as error:  # a folder that cannot be written is the caller's to tell
    path.unlink(missing_ok=True)
    raise OSError(str(error)) from error


def read(path: Path, what: str) -> np.ndarray | None:
  """Return a kept array, memory-mapped and read-only; None where it has to be made anew.

  Looked at are its size, its header and evenly spaced blocks; `spoilt` looks at every byte. A line
  on stderr says what is wrong with an array that is there.

  Args:
    path: of the .npy file.
    what: as it was kept.
  """
  if not path.is_file():
    return None
  why = spoilt(path, what, whole=False)
  if not why:
    with contextlib.suppress(ValueError, OSError):
      return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    why = "it is no array"
  print(f"warning: {path} is spoilt ({why}): it is made anew", file=sys.stderr)
  return None


def spoilt(path: Path, what: str | None = None, whole: bool = True) -> str:
  """Return what is wrong with a kept array, or an empty text.

  Args:
    path: of the .npy file.
    what: as it was kept; None: whatever that is.
    whole: whether to read every byte.
  """
  try:
    about = atomic_files.load_json(_beside(path).read_text("utf-8"))
    with path.open("rb") as stream:
      found = _digests(stream, whole)
  except FileNotFoundError:
    return "it has no digest"
  except (ValueError, OSError) as error:
    return f"it cannot be read: {error}"
  if not isinstance(about, dict) or (what is not None and about.get("what") != what):
    return "it is of something else"
  for name, value in found.items():
    if about.get(name) != value:
      return f"its {name} differs"
  return ""


def all_in(folder: Path) -> Iterator[Path]:
  """Yield the arrays that are kept under a folder, those without their digest too."""
  for path in sorted(folder.rglob("*.npy")):
    if path.name.startswith("adapt_") or path.parent.name == "adapt_features":
      yield path


def _digests(stream: io.BufferedReader, whole: bool) -> dict[str, Any]:
  """Size and digests of a file."""
  size = stream.seek(0, os.SEEK_END)
  sample = hashlib.sha256()
  for start in np.linspace(0, max(size - _BLOCK, 0), _BLOCKS).astype(np.int64):
    stream.seek(int(start))
    sample.update(stream.read(_BLOCK))
  found: dict[str, Any] = {"size": size, "sample": sample.hexdigest()}
  if whole:
    stream.seek(0)
    found["digest"] = hashlib.file_digest(stream, "sha256").hexdigest()
  return found


def _beside(path: Path) -> Path:
  return path.with_name(f".{path.name}.digest")
