"""What every command shares: one line for bad input, its exit code, and programs that stay compiled."""

import argparse
import hashlib
import os
import platform
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import jax

from adapt import record, stopping

# Seconds of compilation from which on a program is kept for the next command: all of them, as the hundred
# smallest of a first step together take longer to compile than a large one does to read.
KEPT = 0.0
_LONGEST = 200  # characters of a word in a message


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
  """Shows defaults, but none where there is none to show."""

  def _get_help_string(self, action: argparse.Action) -> str | None:
    return action.help if action.default in (None, [], False) else super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
  """One line and exit code 2 for a wrong flag, like every other bad input; no abbreviated flags."""

  def __init__(self, **options: Any) -> None:
    super().__init__(formatter_class=_Formatter, allow_abbrev=False, **options)

  def error(self, message: str) -> NoReturn:
    self.exit(2, f"error: {one_line(message)} (see --help)\n")


def one_line(message: object) -> str:
  """A message as one line of moderate length that a terminal shows as it is, whatever names are in it."""
  words = (w if len(w) < _LONGEST else f"{w[:100]}…{w[-50:]}" for w in str(message).split())
  line = "".join(c if c.isprintable() else "?" for c in " ".join(words))
  return line if len(line) < 10 * _LONGEST else f"{line[: 5 * _LONGEST]} … {line[-4 * _LONGEST :]}"


def guarded(work: Callable[[], int]) -> int:
  """Runs a command; a ValueError is the user's to mend: its message, and exit code 2."""
  keep_compiled()
  if threading.current_thread() is threading.main_thread():
    # Unwinds like Ctrl-C, so that decoding processes end with this one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
  try:
    return work()
  except ValueError as error:
    print(f"error: {one_line(error)}", file=sys.stderr)
    return 2
  except OSError as error:  # a path that is too long, a folder that may not be read
    about = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    print(f"error: {one_line(about)}: check the path", file=sys.stderr)
    return 2
  except (MemoryError, jax.errors.JaxRuntimeError) as error:
    if isinstance(error, jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" not in str(error):
      raise
    print("error: out of memory: smaller inputs, --batch-size or --seeds", file=sys.stderr)
    return 2
  except (stopping.Stopped, KeyboardInterrupt) as error:
    where = f" ({error})" if str(error) else ""
    print(
      f"stopped{where}: what is finished is kept; to go on, run the same command again: "
      f"{record.command()}",
      file=sys.stderr,
    )
    return stopping.CODE


def keep_compiled() -> None:
  """Keeps compiled programs in a folder, unless JAX has been told of one: the next run starts in seconds."""
  if jax.config.values["jax_compilation_cache_dir"] is not None:
    return
  home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
  # A program compiled for one processor may not run on another one that shares the home folder.
  jax.config.update("jax_compilation_cache_dir", str(home / "adapt" / f"compiled-{_processor()}"))
  jax.config.update("jax_persistent_cache_min_compile_time_secs", KEPT)


def _processor() -> str:
  """A short name for the instructions this machine knows."""
  text = platform.machine() + platform.processor()
  try:
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    text += next((line for line in lines if line.startswith(("flags", "Features"))), "")
  except OSError:
    pass  # not Linux
  return hashlib.sha256(text.encode()).hexdigest()[:8]
