"""How far the weighting at work is, for whoever shows it."""

import contextlib
from collections.abc import Callable, Iterator

_listeners: list[Callable[[str], None]] = []


def at(stage: str) -> None:
  """Reports progress in a few words, such as "block 3 of 40"."""
  for listener in _listeners:
    listener(stage)


@contextlib.contextmanager
def heard(listener: Callable[[str], None]) -> Iterator[None]:
  """Context manager within which the listener is told of each stage."""
  _listeners.append(listener)
  try:
    yield
  finally:
    _listeners.remove(listener)
