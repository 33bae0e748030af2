"""Holds a folder of checkpoints against other processes."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LOCK = "lock"  # file in the folder


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
  """Holds a folder against other processes; ValueError if one trains there now."""
  if not folder.exists():
    yield
    return
  lock = locked(folder)
  try:
    yield
  finally:
    lock.close()


def locked(folder: Path) -> Any:
  """Locks the folder against other processes while the returned file is open."""
  import fcntl

  while True:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # others need not read a model
    file = (folder / _LOCK).open("w")
    try:
      fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
      file.close()
      raise ValueError(
        f"another process trains {folder.name.removeprefix('.').removesuffix('.partial')} in "
        f"{folder.parent}: wait for it, or choose another folder with --out"
      ) from error
    with contextlib.suppress(OSError):  # who held it may have deleted it at its end
      if os.path.samestat(os.fstat(file.fileno()), os.stat(folder / _LOCK)):
        return file
    file.close()
