"""Arrays kept on disk, with digests that are checked on reading.

A file is an .npy, which NumPy maps as it is, and behind the array a line of JSON: what the array is
of, and a digest of each block. So a file that is cut, overwritten or another array's is found out.
"""

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from adapt.data import atomic_files

FEATURES = "adapt_features"  # folder of cached features, below that of the data
WEIGHTS = "adapt_weights"  # folder of kept weights of source examples, likewise
_BLOCK = 2**20  # bytes of a digest
_SAMPLED = 16  # blocks that reading checks, evenly spaced; `verify` checks all
_END = b" adapt array\n"  # the last bytes of a file
_LENGTH = 16  # digits of the number of bytes before the line


def read(path: Path, of: str) -> np.ndarray | None:
  """Map a kept array after checks of size, header and blocks.

  The blocks are sampled.

  Args:
    path: the file.
    of: what the array was written as.

  Returns:
    The array, read-only; None where there is no file, or where it is damaged, of which a line on
    standard error tells: the caller makes it anew.
  """
  if not path.is_file():
    return None
  if wrong := damage(path, of, _SAMPLED):
    print(f"warning: {path} is damaged ({wrong}): it is made anew", file=sys.stderr)
    return None
  return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))


def write(path: Path, array: np.ndarray, of: str) -> None:
  """Write an array atomically, with its digests; OSError where that fails."""
  with atomic_files.whole(path) as stream:
    np.save(stream, array, allow_pickle=False)
    size = stream.tell()
    about = {"of": of, "blocks": [_digest(stream, at, size) for at in range(0, size, _BLOCK)]}
    stream.seek(size)
    stream.write(json.dumps(about).encode() + f"{size:{_LENGTH}d}".encode() + _END)


def keep(path: Path, array: np.ndarray) -> None:
  """Write an array under its file's name, if possible.

  Where that fails, it is made anew the next time.
  """
  with contextlib.suppress(OSError):
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path.parent)
    write(path, array, path.stem)


def damage(path: Path, of: str | None, blocks: int | None = None) -> str:
  """Say what is wrong with a kept array, or "".

  Args:
    path: the file.
    of: what it was written as; None takes what the file says.
    blocks: how many are checked; None checks all.
  """
  try:
    with path.open("rb") as stream:
      total = stream.seek(0, os.SEEK_END)
      foot = _LENGTH + len(_END)
      stream.seek(max(total - foot, 0))
      end = stream.read()
      if not end.endswith(_END) or len(end) < foot:
        return "it ends before its digests" if total else "it is empty"
      size = int(end[:_LENGTH])
      stream.seek(size)
      about = json.loads(stream.read()[:-foot])
      if of is not None and about["of"] != of:
        return "it is of other data"
      digests = about["blocks"]
      if len(digests) != -(-size // _BLOCK):
        return "its size differs"
      for i in _chosen(len(digests), blocks):
        if digests[i] != _digest(stream, i * _BLOCK, size):
          return "its digest differs"
  except (OSError, ValueError, LookupError, TypeError) as error:
    return " ".join(str(error).split())[:80] or type(error).__name__
  return ""


def sweep(folder: Path) -> None:
  """Delete temporary files of killed writers in a folder of arrays."""
  atomic_files.sweep(folder.glob(".*.npy.*.tmp"))
  # Versions that did not lock them named them otherwise: an hour is time enough to write one.
  former = (path for path in folder.glob("[!.]*.npy.*.tmp") if path.is_file())
  atomic_files.sweep(former, atomic_files.BEGAN - 3600)


def _chosen(there: int, blocks: int | None) -> Iterator[int]:
  """Which blocks are checked: the first and the last are among them."""
  if blocks is None or there <= blocks:
    yield from range(there)
  else:
    yield from (i * (there - 1) // (blocks - 1) for i in range(blocks))


def _digest(stream: IO[bytes], at: int, size: int) -> str:
  stream.seek(at)
  return hashlib.blake2b(stream.read(min(_BLOCK, size - at)), digest_size=8).hexdigest()
