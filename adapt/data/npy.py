"""Read untrusted .npy and .npz files safely.

Nothing is unpickled. No array may be larger than what is there.
"""

import contextlib
import math
import os
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

_PLAUSIBLE = 100  # bytes that one of a real file unpacks to, beyond `_UNASKED`
_UNASKED = 2**29  # bytes that any file may unpack to
# The most that deflating, the only compression that NumPy writes, can save: 1032 to 1.
_RATIO = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: 1032}
_READERS = {
  (1, 0): np.lib.format.read_array_header_1_0,
  (2, 0): np.lib.format.read_array_header_2_0,
}


class Damaged(ValueError):
  """Raised for a file that is incomplete or not .npy/.npz.

  The message says why, without naming the file.
  """


class Pickled(Damaged):
  """Raised for an array of Python objects.

  Only a pickle could hold them.
  """


def read(path: Path) -> np.ndarray:
  """Read the array of an .npy file.

  Raises Damaged if it is none.
  """
  with _damage(), path.open("rb") as stream:
    return _array(stream, path.stat().st_size)


def is_archive(path: Path) -> bool:
  """Return whether a file begins as an .npz file does.

  The file may be whole or not.
  """
  with path.open("rb") as stream:
    return stream.read(2) == b"PK"


@contextlib.contextmanager
def members(path: Path) -> Iterator[tuple[list[str], Callable[[str], np.ndarray]]]:
  """Read the arrays of an .npz file.

  Args:
    path: the file.

  Returns:
    A context whose value is (the names, a function from a name to its array).

  Raises:
    Damaged: when opened, the file is no .npz, has a name twice, or unpacks to more than it can hold
      or than the machine's memory; when an array is read, that one.
  """
  with _damage():
    archive = zipfile.ZipFile(path)
  # Outside of _damage: an error of who uses the arrays is none of the file's.
  with archive:
    infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    twice = [n for n, k in Counter(i.filename for i in archive.infolist()).items() if k > 1]
    if twice or len(infos) < len(archive.infolist()):
      raise Damaged(f"it has {twice[0] if twice else 'a name'} twice")
    _check_size(path, archive)

    def array(name: str) -> np.ndarray:
      if not infos[name].filename.endswith(".npy"):
        raise Damaged(f"{name} is not a NumPy array")
      with _damage(), archive.open(infos[name]) as stream:
        return _array(stream, infos[name].file_size)

    yield list(infos), array


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
  """Reject data whose unpacked size is impossible or too large.

  It would exceed what its bytes can hold, or what memory can hold.
  """
  there, total = path.stat().st_size, 0
  for info in archive.infolist():
    if info.compress_type not in _RATIO:
      raise Damaged(f"{info.filename} is compressed in a way that NumPy does not write")
    if (
      info.compress_size > there
      or info.file_size > 64 + info.compress_size * _RATIO[info.compress_type]
    ):
      raise Damaged(f"{info.filename} claims {info.file_size} bytes, more than it can hold")
    total += info.file_size
  if sum(info.compress_size for info in archive.infolist()) > there:
    raise Damaged("its arrays share bytes, of which each would be unpacked several times")
  if total > plausible(there):
    raise Damaged(
      f"it unpacks to {total / 2**20:.0f} MiB, more than {_PLAUSIBLE} times its size: save it without "
      "compression (np.savez) if that is right"
    )
  if total > (most := memory()):
    raise Damaged(
      f"it unpacks to {total / 2**30:.0f} GiB, more than the {most / 2**30:.0f} GiB of memory"
    )


def plausible(packed: int) -> int:
  """Return the most bytes that `packed` bytes plausibly unpack to.

  Deflate alone would allow a thousand times as many, all of one value.
  """
  return max(_PLAUSIBLE * packed, _UNASKED)


def memory() -> int:
  """Return the machine's memory in bytes.

  Where the machine does not say, the result is more than any memory.
  """
  try:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
  except (AttributeError, ValueError, OSError):
    return 2**63


def _array(stream: Any, size: int) -> np.ndarray:
  """Read the array in a stream of `size` bytes.

  Its header must not claim more.
  """
  with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # a header by Python 2, or of odd literals
    version = np.lib.format.read_magic(stream)
    if version not in _READERS:
      raise Damaged(f"it is of version {version} of the format, which plain arrays are not")
    try:
      shape, _, dtype = _READERS[version](stream)
    except MemoryError as error:  # what Python's parser says to deep nesting
      raise Damaged("its header cannot be read") from error
    if dtype.hasobject:
      raise Pickled("it holds Python objects")
    if not all(type(n) is int and n >= 0 for n in shape):
      raise Damaged(f"its shape {shape} is impossible")
    claimed, there = math.prod(shape) * dtype.itemsize, size - stream.tell()
    if claimed != there or max((*shape, 0)) > 2**62:
      raise Damaged(f"its header claims {claimed} bytes, and {max(there, 0)} are there")
    stream.seek(0)
    return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


@contextlib.contextmanager
def _damage() -> Iterator[None]:
  """Convert library errors on bad files into a reason.

  The files may be damaged or hostile.
  """
  try:
    yield
  except (Damaged, MemoryError):
    raise
  except Exception as error:
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    raise Damaged(reason) from error
