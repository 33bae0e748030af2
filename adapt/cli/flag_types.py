"""Flag types: finite numbers within sensible bounds."""

import argparse
import math
from collections.abc import Callable
from typing import Any

_INTEGERS = 2**31 - 1  # what a step or an index is counted in


def of(kind: type) -> Callable[[str], Any]:
  """Return the flag type for a default's type.

  It is always the same one.
  """
  kinds: dict[type, Callable[[str], Any]] = {int: integer, float: number, type(None): str}
  return kinds.get(kind, kind)


def number(text: str) -> float:
  """Parse a finite number.

  Raises:
    ArgumentTypeError: it is none; argparse tells it beside the flag.
  """
  try:
    value = float(text)
  except ValueError:
    raise argparse.ArgumentTypeError(f"'{text}' is no number: give one such as 0.1") from None
  if not math.isfinite(value):
    raise argparse.ArgumentTypeError(f"{text} is not finite: give a number such as 0.1")
  return value


def integer(text: str, least: int = -_INTEGERS, most: int = _INTEGERS) -> int:
  """Parse a whole number within bounds.

  Raises ArgumentTypeError as `number`.
  """
  try:
    value = int(text)
  except ValueError:
    raise argparse.ArgumentTypeError(f"'{text}' is no whole number: give one such as 8") from None
  if value < least:
    raise argparse.ArgumentTypeError(f"{value} is not at least {least}")
  if value > most:
    raise argparse.ArgumentTypeError(f"{value} is more than {most}: give a smaller number")
  return value


def positive(text: str) -> int:
  """Parse a whole number of at least 1."""
  return integer(text, 1)


def seeds(text: str) -> int:
  """Parse the number of runs (seeds) per program."""
  return integer(text, 1, 10_000)


def points(text: str) -> int:
  """Parse the number of points in a search."""
  return integer(text, 2, 1000)


def evaluations(text: str) -> int:
  """Parse the number of test-set evaluations in a run.

  All of them are remembered.
  """
  return integer(text, 1, 100_000)


def workers(text: str) -> int:
  """Parse the number of decoding processes."""
  return integer(text, 0, 1024)


def minutes(text: str) -> float:
  """Parse a non-negative time in minutes."""
  if (value := number(text)) < 0:
    raise argparse.ArgumentTypeError(f"{text} is negative: give 0 or more")
  return value
