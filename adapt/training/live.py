"""Tracks training progress for a display on another thread.

Nothing here asks the device or waits for it. A piece that is one compiled program does not say at which
step it is: steps are counted by pieces, or estimated by the rate up to the last evaluation. One program
trains at a time.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import jax

from adapt import weights

_COMPILE = "/jax/core/compile/backend_compile_duration"
_STAGES = (_COMPILE, "/jax/core/compile/jaxpr_trace_duration")
_SHORT = 0.3  # seconds of compilation that are not worth a word


class Now(NamedTuple):
  """Progress of the program in training."""

  ends: tuple[int, ...]  # steps of its evaluations; the last one ends it
  done: int  # step of the newest evaluation that has been read
  since: float  # when that was
  rate: float = 0.0  # steps a second up to `done`; 0: unknown
  counted: int = 0  # steps known to be done where the host feeds each one

  @property
  def total(self) -> int:
    """Steps of the whole program."""
    return self.ends[-1]

  @property
  def coming(self) -> int:
    """Step of the next evaluation to be read."""
    return next((end for end in self.ends if end > self.done), self.total)


class Position(NamedTuple):
  """A step, and whether it was counted rather than estimated."""

  step: int
  exact: bool


class _Compiling:
  """Tracks JAX's compiler: seconds spent so far, and whether it works."""

  def __init__(self) -> None:
    self.seconds, self.ended, self._began, self._depth = 0.0, 0.0, 0.0, 0
    self._lock = threading.Lock()
    jax.monitoring.register_scalar_listener(self._starts)
    jax.monitoring.register_event_duration_secs_listener(self._ends)

  def _starts(self, event: str, value: float, **_: str | int) -> None:
    if event in _STAGES:
      with self._lock:
        if not self._depth:
          self._began = time.monotonic()
        self._depth += 1

  def _ends(self, event: str, duration_secs: float, **_: str | int) -> None:
    if event in _STAGES:
      with self._lock:
        self._depth = max(self._depth - 1, 0)
        self.ended = time.monotonic()
        self.seconds += duration_secs if event == _COMPILE else 0.0

  def now(self) -> bool:
    """Whether a compilation has been running for a while."""
    return self._depth > 0 and time.monotonic() - self._began > _SHORT


_compiler = _Compiling()
_now: Now | None = None
_aside: list[str] = []
_weighting = ""


def compile_seconds() -> float:
  """Seconds this process has spent on compiling so far."""
  return _compiler.seconds


def compiling() -> bool:
  """Whether a program is being traced or compiled."""
  return _compiler.now()


def now() -> Now | None:
  """Returns the progress of the program in training, or None."""
  return _now


def aside() -> str:
  """Names preliminary training, such as the source model's; else empty."""
  return _aside[-1] if _aside else ""


def weighting() -> str:
  """Returns the name and progress of the weighting at work, else ""."""
  return _weighting


@contextlib.contextmanager
def weighed_by(name: str) -> Iterator[None]:
  """Context manager that marks a named weighting as working.

  Its progress is shown with the name.
  """
  global _weighting

  def stage(at: str) -> None:
    global _weighting
    _weighting = f"weighting by {name}: {at}"

  _weighting = f"weighting by {name}"
  try:
    with weights.heard(stage):
      yield
  finally:
    _weighting = ""


@contextlib.contextmanager
def preliminary(what: str) -> Iterator[None]:
  """Context manager marking training that precedes the run itself."""
  _aside.append(what)
  try:
    yield
  finally:
    _aside.pop()


@contextlib.contextmanager
def training(lengths: Sequence[int], chunks: int) -> Iterator[None]:
  """Context manager marking that a program trains.

  Args:
    lengths: steps of each chunk, all of which end in an evaluation.
    chunks: how many of them were done before.
  """
  global _now
  ends = tuple(sum(lengths[: i + 1]) for i in range(len(lengths)))
  done = ends[chunks - 1] if chunks else 0
  _now = Now(ends, done, time.monotonic(), counted=done)
  try:
    yield
  finally:
    _now = None


def launched() -> None:
  """Notes that a chunk was dispatched; it begins when compiling ended."""
  global _now
  if _now is not None and _compiler.ended > _now.since:
    _now = _now._replace(since=_compiler.ended)


def uncompiled(began: float) -> float:
  """Returns `began`, or the newest compilation's end if that is later.

  Work that began then could start at that time.
  """
  return max(began, _compiler.ended)


def counted(step: int) -> None:
  """Notes how many steps are known to be done."""
  global _now
  if _now is not None:
    _now = _now._replace(counted=max(step, _now.counted))


def evaluated(step: int) -> None:
  """Notes that an evaluation has been read."""
  global _now
  if _now is not None:
    clock = time.monotonic()
    rate = (step - _now.done) / max(clock - _now.since, 1e-9)
    _now = _now._replace(done=step, since=clock, rate=rate, counted=max(step, _now.counted))


def position(at: Now, clock: float | None = None) -> Position | None:
  """Returns the program's current step, or None if nothing is known.

  It is never beyond the next evaluation.

  Args:
    at: what is known.
    clock: of `time.monotonic`; the present if None.
  """
  clock = time.monotonic() if clock is None else clock
  if at.counted > at.done or at.done == at.total:
    return Position(at.counted, True)
  if not at.rate:
    return None
  ahead = int(at.rate * max(clock - at.since, 0.0))
  return Position(min(at.done + ahead, at.coming), ahead == 0)


def next_stop() -> str:
  """Says in words what a signal waits for."""
  if compiling():
    return "once the compiler is done, after one step"
  whose = f" of the {aside()}" if aside() else ""
  return f"after this piece, once the steps under way{whose} are done and saved, in a few seconds"
