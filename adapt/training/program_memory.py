"""Forgets compiled programs before memory maps run out.

Linux limits the maps of a process. Every compiled program takes some, and LLVM aborts the process
that has no more. A grid of a hundred cells with programs of their own comes there.
"""

import contextlib
import ctypes
import gc
from pathlib import Path

import jax

from adapt.training import drawing, program

_MAPS, _MOST = Path("/proc/self/maps"), Path("/proc/sys/vm/max_map_count")
_SHARE = 0.5  # of the maps allowed: one cell's programs take far less than the rest


def relieve() -> bool:
  """Forgets all programs if half of all maps are used; returns whether.

  The programs are the compiled ones of this process. Programs that are needed again are compiled
  again, or read from the cache of compiled programs.
  """
  try:
    taken, most = _MAPS.read_bytes().count(b"\n"), int(_MOST.read_text())
  except OSError:  # no Linux
    return False
  if taken <= _SHARE * most:
    return False
  forget()
  return True


def forget() -> None:
  """Forgets all compiled programs and returns freed memory to the system.

  The memory is given back where the C library can.
  """
  program.program.cache_clear()
  drawing.program.cache_clear()
  jax.clear_caches()
  gc.collect()
  with contextlib.suppress(OSError, AttributeError):
    ctypes.CDLL("libc.so.6").malloc_trim(0)
