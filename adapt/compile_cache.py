"""Keeps compiled programs in the user's cache, so that commands start sooner.

A command whose programs are there starts in seconds.
"""

import contextlib
import functools
import hashlib
import importlib
import os
import platform
import shutil
import sys
import time
import warnings
from pathlib import Path

import jax

# Seconds of compilation from which on a program is kept for the next command: all of them, as the hundred
# smallest of a first step together take longer to compile than a large one does to read.
KEPT = 0.0
_ROOM = 64 * 2**20  # bytes that the disk must have left
_AGE = 30 * 24 * 3600  # seconds after which a program that nobody has read is deleted


def keep() -> None:
  """Keeps compiled programs in a folder.

  A folder that JAX has already been told of stays.

  Where that cannot be, one line on stderr says so, and every program is compiled.
  """
  if jax.config.values["jax_compilation_cache_dir"] is not None:
    return
  try:
    place = folder("compiled")
  except (OSError, RuntimeError) as error:
    _warn(str(error))
    return
  # What another process is writing at this moment is not read, and what does not fit any more is not
  # written: both are compiled, as they would be without a cache.
  warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache entry")
  jax.config.update("jax_compilation_cache_dir", str(place))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", KEPT)


@functools.cache  # once a process
def _warn(why: str) -> None:
  print(
    f"warning: compiled programs are not kept, so the next command starts as slowly: {why}: "
    "set XDG_CACHE_HOME to a folder for them",
    file=sys.stderr,
  )


def folder(name: str) -> Path:
  """Returns a folder for programs in the user's cache, mended.

  A program compiled for one processor may not run on another one that shares the home folder, so its
  instructions are in the folder's name.

  Args:
    name: who keeps programs.

  Raises:
    OSError: the folder cannot be read or written, or the disk is full.
    RuntimeError: there is no home folder.
  """
  home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
  try:
    home = home.expanduser()
  except RuntimeError:
    raise RuntimeError(f"{home}: there is no home folder") from None
  try:
    place = home / "adapt" / f"{name}-{_processor()}"
    place.mkdir(parents=True, exist_ok=True)
    mend(place)
    free = shutil.disk_usage(place).free
  except OSError as error:
    raise OSError(f"{home}: {error.strerror or error}") from error
  if free < _ROOM:
    raise OSError(f"{home}: the disk is full")
  return place


def mend(folder: Path) -> None:
  """Deletes programs that are incomplete or unread for a month.

  JAX writes them in place, so a process that is killed or has no room leaves half a file, and JAX
  neither reads that nor writes it again.

  Raises:
    OSError: the folder cannot be read or written.
  """
  stamp = folder / "mended"
  since = stamp.stat().st_mtime_ns if stamp.exists() else 0
  stamp.touch()  # before looking: what is written meanwhile is looked at the next time
  for entry in folder.glob("*-cache"):
    with contextlib.suppress(FileNotFoundError):  # another command mends, too
      found = entry.stat()
      old = time.time() - max(found.st_atime, found.st_mtime) > _AGE
      if old or (found.st_mtime_ns >= since and not _whole(entry.read_bytes())):
        entry.unlink()


def _whole(entry: bytes) -> bool:
  """Whether JAX could unpack the bytes."""
  for name in ("compression.zstd", "zstandard", "zlib"):  # it takes the first that there is
    with contextlib.suppress(ImportError):
      library = importlib.import_module(name)
      break
  try:
    library.decompress(entry)
  except Exception:  # of a class of the library's own
    return False
  return True


def _processor() -> str:
  """A short name for the instructions this machine knows."""
  text = platform.machine() + platform.processor()
  try:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    text += next((line for line in lines if line.startswith(("flags", "Features"))), "")
  except OSError:
    pass  # not Linux
  return hashlib.sha256(text.encode()).hexdigest()[:8]
