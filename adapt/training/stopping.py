"""Being told to stop: training ends at its next evaluation with a checkpoint, and exit code 75."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

CODE = 75  # EX_TEMPFAIL of sysexits.h: the same command may succeed later


class Stopped(Exception):
  """A run that was told to stop has saved itself; the message says how far it is."""


@contextlib.contextmanager
def deferred() -> Iterator[Callable[[], bool]]:
  """While it lasts, the first SIGINT or SIGTERM only makes the function it gives return True.

  The second one interrupts at once. Outside the main thread, which alone may set handlers, signals
  are left as they are.
  """
  told: list[int] = []

  def heard(number: int, frame: FrameType | None) -> None:
    del frame
    if told:
      raise KeyboardInterrupt
    told.append(number)
    print("stopping at the next evaluation; a second signal stops at once", file=sys.stderr)

  if threading.current_thread() is not threading.main_thread():
    yield lambda: False
    return
  before = {number: signal.signal(number, heard) for number in (signal.SIGINT, signal.SIGTERM)}
  try:
    yield lambda: bool(told)
  finally:
    for number, handler in before.items():
      signal.signal(number, handler)
