"""Shared command behaviour: error messages and exit codes.

Bad input gives one line and its exit code.
"""

import argparse
import difflib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from adapt import extras
from adapt.experiments.reporter import one_line

# On a CPU what a program lacks comes as INTERNAL, around the allocator's own words.
_EXHAUSTED = re.compile(r"RESOURCE_EXHAUSTED|out of memory|failed to allocate|bad_alloc", re.I)

_PIPE = 141  # a shell's 128 + SIGPIPE: something may be undone


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
  """Shows defaults, but none where there is none to show."""

  def _get_help_string(self, action: argparse.Action) -> str | None:
    return action.help if action.default in (None, [], False) else super()._get_help_string(action)


class Parser(argparse.ArgumentParser):
  """Argument parser with one-line errors and no abbreviated flags.

  A wrong flag gives one line and exit code 2, like every other bad input.
  """

  def __init__(self, **options: Any) -> None:
    super().__init__(formatter_class=_Formatter, allow_abbrev=False, **options)

  def error(self, message: str) -> NoReturn:
    self.exit(2, f"error: {one_line(message)}{self._meant(message)} (see --help)\n")

  def _meant(self, message: str) -> str:
    """Which flag may be meant, where the first of those that there are not is like one."""
    if not (found := re.match(r"unrecognized arguments: (--[\w-]+)", message)):
      return ""
    flags = [
      f for f, action in self._option_string_actions.items() if action.help != argparse.SUPPRESS
    ]
    longer = [f for f in flags if f.startswith(f"{found[1]}-")]  # --label for --label-column
    plural = difflib.get_close_matches(found[1], flags, 1, 0.9)  # --methods for --method
    near = plural or longer[:1] or difflib.get_close_matches(found[1], flags, 1)
    return f": did you mean {near[0]}?" if near else ""


def refused(error: ValueError | OSError) -> int:
  """Print one line for bad input to stderr.

  Returns the exit code.
  """
  if isinstance(error, OSError):  # a path that is too long, a folder that may not be read
    about = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    print(f"error: {one_line(about)}: check the path", file=sys.stderr)
  else:
    print(f"error: {one_line(error)}", file=sys.stderr)
  return 2


def absent(error: ModuleNotFoundError) -> int:
  """Print the line for an optional library that is not installed.

  Any other error is raised again.

  Returns the exit code.
  """
  if (line := extras.lacking(error)) is None:
    raise error
  print(f"error: {line}", file=sys.stderr)
  return 2


def unread() -> None:
  """Write to nobody where the reader has gone: `adapt methods | head`."""
  os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def guarded(work: Callable[[], int]) -> int:
  """Run a command and report errors of the user's input.

  A ValueError is the user's to mend. Its message is printed, and the exit code is 2. Where nobody reads on,
  the command ends as by SIGPIPE.
  """
  # Not at the top: help and lists need none of it.
  import jax

  from adapt import compile_cache
  from adapt.records import started
  from adapt.training import stopping

  compile_cache.keep()
  if threading.current_thread() is threading.main_thread():
    # Unwinds like Ctrl-C, so that decoding processes end with this one.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
  try:
    code = work()
    sys.stdout.flush()
    return code
  except BrokenPipeError:
    unread()
    return _PIPE
  except (ValueError, OSError) as error:
    return refused(error)
  except ModuleNotFoundError as error:
    return absent(error)
  except (MemoryError, jax.errors.JaxRuntimeError) as error:
    if isinstance(error, jax.errors.JaxRuntimeError) and not _EXHAUSTED.search(str(error)):
      raise
    print("error: out of memory: smaller inputs, --batch-size or --seeds", file=sys.stderr)
    return 2
  except (stopping.Stopped, KeyboardInterrupt) as error:
    where = f" ({error})" if str(error) else ""
    print(
      f"stopped{where}: what is finished is kept; to go on, run the same command again: "
      f"{started.shown()}",
      file=sys.stderr,
    )
    return stopping.CODE
