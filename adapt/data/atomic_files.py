"""Atomic file writes, and strict JSON reading and writing.

A file is either whole or absent.
"""

import contextlib
import json
import math
import os
import re
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

BEGAN = time.time()  # about when this process started


def check_writable(out: str | Path) -> None:
  """Raise ValueError unless files can be created under `out`.

  Call it before hours of training. What killed processes have left there is deleted.
  """
  patterns = (".*.tmp", "*/*/.*.tmp", ".probe.*")
  sweep(path for pattern in patterns for path in Path(out).glob(pattern))
  probe = Path(out) / f".probe.{os.getpid()}"
  try:
    Path(out).mkdir(parents=True, exist_ok=True)
    try:
      probe.write_bytes(bytes(2**16))  # a full disk still takes empty files
    finally:
      probe.unlink(missing_ok=True)
  except OSError as error:
    raise _unwritable(out, error) from error


def replace(path: Path, content: bytes, private: bool = False) -> None:
  """Write a file atomically.

  A file of that name is always whole. Models and what else can tell of single training examples are
  `private`: others on the machine cannot read them. ValueError if the folder cannot be written.
  """
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path, private) as file:
      file.write(content)
  except OSError as error:
    raise _unwritable(path.parent, error) from error


@contextlib.contextmanager
def whole(path: Path, private: bool = False) -> Iterator[IO[bytes]]:
  """Open a temporary file that becomes `path` when completely on disk.

  It is locked meanwhile, so that `sweep` tells it from what a killed process has left.

  Raises:
    OSError: the folder cannot be written; nothing is left of the temporary file.
  """
  temporary = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
  mode = 0o600 if private else 0o666  # less what the user's umask says
  try:
    with open(temporary, "x+b", opener=lambda name, flags: os.open(name, flags, mode)) as file:
      _lock(file)
      yield file
      file.flush()
      os.fsync(file.fileno())
      temporary.replace(path)
    sync_folder(path.parent)
  except BaseException:
    with contextlib.suppress(OSError):
      temporary.unlink()
    raise


def sync_folder(folder: Path) -> None:
  """Bring the names in a folder to disk, where possible.

  It depends on the file system.
  """
  with contextlib.suppress(OSError):
    handle = os.open(folder, os.O_RDONLY)
    try:
      os.fsync(handle)
    finally:
      os.close(handle)


def sweep(temporaries: Iterable[Path], before: float | None = None) -> None:
  """Delete temporary files that nobody writes, if older than this process."""
  for path in temporaries:
    with contextlib.suppress(OSError):
      if path.stat().st_mtime < (BEGAN if before is None else before):
        with path.open("r+b") as file:
          if _lock(file):
            path.unlink()


def _lock(file: IO[bytes]) -> bool:
  """Lock a file until it is closed; False where another process has, or nothing locks."""
  try:
    import fcntl

    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
  except (ImportError, OSError):
    return False
  return True


@contextlib.contextmanager
def one_at_a_time(file: Path, what: str) -> Iterator[None]:
  """Hold a lock file, after waiting for whoever holds it.

  It is free once its holder has ended.

  Args:
    file: the lock file; it stays, empty.
    what: what the holder does, for the note that a process waits.
  """
  try:
    import fcntl

    file.parent.mkdir(parents=True, exist_ok=True)
    stream = file.open("a")
  # On Windows nothing is held, nor in a folder of others, where what is there can still be read.
  except (ImportError, OSError):
    yield
    return
  with stream:
    try:
      fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
      print(f"warning: another process {what}: waiting for it", file=sys.stderr)
      with contextlib.suppress(OSError):  # a file system without locks
        fcntl.flock(stream, fcntl.LOCK_EX)
    yield


def _unwritable(folder: str | Path, error: OSError) -> ValueError:
  reason = error.strerror or type(error).__name__
  return ValueError(f"cannot write in {folder} ({reason}): choose another folder with --out")


def write_json(path: Path, content: Mapping[str, Any]) -> None:
  """Write a JSON file atomically.

  A file of that name is always whole.

  NaN and infinities become null, arrays become lists.

  Raises:
    ValueError: the folder cannot be written.
  """
  # One line per list of numbers: curves and confusion matrices stay readable in a diff.
  text = json.dumps(plain(content), indent=1, allow_nan=False, ensure_ascii=False)
  text = re.sub(r'\[\n\s*([^\[\]{}"]*?)\s*\]', lambda m: f"[{' '.join(m[1].split())}]", text)
  # Names of files may be no UTF-8: their bytes become the escapes that JSON has for them.
  replace(path, (text + "\n").encode("utf-8", "backslashreplace"))


def load_json(content: bytes | str) -> Any:
  """Parse JSON.

  Raises ValueError, with only the reason, for text that is not JSON.
  """
  try:
    return json.loads(content, parse_constant=_constant)
  except RecursionError as error:
    raise ValueError("it is nested too deeply") from error
  except ValueError as error:
    raise ValueError(" ".join(str(error).split())[:100]) from error


def plain(value: Any) -> Any:
  """Convert a value to plain JSON types.

  Arrays and tuples become lists, and non-finite numbers become None.
  """
  if hasattr(value, "tolist"):  # numpy and jax arrays and scalars
    value = value.tolist()
  if isinstance(value, Mapping):
    return {str(key): plain(item) for key, item in value.items()}
  if isinstance(value, list | tuple):
    return [plain(item) for item in value]
  if isinstance(value, float) and not math.isfinite(value):
    return None
  return value


def _constant(name: str) -> Any:
  raise ValueError(f"{name} is no number of JSON")
