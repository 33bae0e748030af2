"""Types of flags: numbers that are finite and of a size that means something."""

import argparse
import math
from collections.abc import Callable
from typing import Any

_INTEGERS = 2**31 - 1  # what a step or an index is counted in


def of(kind: type) -> Callable[[str], Any]:
  """The type of a flag whose default is of that kind; always the same one."""
  kinds: dict[type, Callable[[str], Any]] = {int: integer, float: number, type(None): str}
  return kinds.get(kind, kind)


def number(text: str) -> float:
  """A finite number.

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
  """A whole number in these bounds; ArgumentTypeError as `number`."""
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
  """A whole number from 1 on."""
  return integer(text, 1)


def seeds(text: str) -> int:
  """How many runs one program is made of."""
  return integer(text, 1, 10_000)


def points(text: str) -> int:
  """How many points a search tries."""
  return integer(text, 2, 1000)


def evaluations(text: str) -> int:
  """How often a run looks at its test sets, all of which it remembers."""
  return integer(text, 1, 100_000)


def workers(text: str) -> int:
  """How many processes decode."""
  return integer(text, 0, 1024)


def minutes(text: str) -> float:
  """A time that is not negative."""
  if (value := number(text)) < 0:
    raise argparse.ArgumentTypeError(f"{text} is negative: give 0 or more")
  return value
