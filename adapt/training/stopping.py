"""Stops training cleanly on a signal.

Training ends within seconds, at its next piece, with a checkpoint, and exit code 75.
"""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

CODE = 75  # EX_TEMPFAIL of sysexits.h: the same command may succeed later


class Stopped(Exception):
  """Raised once a stopped run is saved; the message gives its progress."""


@contextlib.contextmanager
def deferred(
  where: Callable[[], str] = lambda: "at the next evaluation",
) -> Iterator[Callable[[], bool]]:
  """Context manager that defers the first SIGINT or SIGTERM.

  It gives a function that returns True once a signal has come.

  The second one interrupts at once. Outside the main thread, which alone may set handlers, signals
  are left as they are.

  Args:
    where: says when the run ends, that is what the first one waits for.
  """
  told: list[int] = []

  def heard(number: int, frame: FrameType | None) -> None:
    del frame
    if told:
      raise KeyboardInterrupt
    told.append(number)
    print(f"stopping {where()}; a second signal stops at once", file=sys.stderr)

  if threading.current_thread() is not threading.main_thread():
    yield lambda: False
    return
  before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
  try:
    yield lambda: bool(told)
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
