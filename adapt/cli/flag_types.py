"""Flag types: finite numbers within sensible bounds."""

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

from adapt import outputs
from adapt.training import bounds
from adapt.training.bounds import Bounds


def of(kind: type) -> Callable[[str], Any]:
  """Return the flag type for a default's type.

  It is always the same one.
  """
  kinds: dict[type, Callable[[str], Any]] = {int: integer, float: number, type(None): str}
  return kinds.get(kind, kind)


def setting(name: str, kind: type) -> Callable[[str], Any]:
  """Return the flag type for a training setting, within its bounds."""
  if name not in bounds.SETTINGS:
    return of(kind)
  return partial(integer if kind is int else number, within=bounds.SETTINGS[name])


def number(text: str, within: Bounds = bounds.ANY[float]) -> float:
  """Parse a finite number within bounds.

  Raises:
    ArgumentTypeError: it is none; argparse tells it beside the flag.
  """
  try:
    value = bounds.number(text)
  except ValueError:
    raise argparse.ArgumentTypeError(f"'{text}' is no number: give one such as 0.1") from None
  return _within(value, within)


def integer(text: str, within: Bounds = bounds.ANY[int]) -> int:
  """Parse a whole number within bounds.

  Raises ArgumentTypeError as `number`.
  """
  try:
    value = bounds.integer(text)
  except ValueError:
    raise argparse.ArgumentTypeError(f"'{text}' is no whole number: give one such as 8") from None
  return _within(value, within)


def _within(value: Any, within: Bounds) -> Any:
  if wrong := bounds.error(value, within):
    raise argparse.ArgumentTypeError(wrong)
  return value


def seeds(text: str) -> int:
  """Parse the number of runs (seeds) per program."""
  return integer(text, Bounds(1, 10_000))


def points(text: str) -> int:
  """Parse the number of points in a search."""
  return integer(text, Bounds(2, 1000))


def workers(text: str) -> int:
  """Parse the number of decoding processes."""
  return integer(text, Bounds(0, 1024))


def minutes(text: str) -> float:
  """Parse a non-negative time in minutes."""
  if (value := number(text)) < 0:
    raise argparse.ArgumentTypeError(f"{text} is negative: give 0 or more")
  return value


def wait(text: str) -> float:
  """Parse the seconds to wait for other processes, a day at most."""
  return number(text, Bounds(1.0, 86_400.0))


def measure(text: str) -> str:
  """Parse the name of a measure."""
  try:
    return outputs.find(text).name
  except ValueError as error:
    raise argparse.ArgumentTypeError(str(error)) from None
