"""Bounds of numbers that a user sets: settings and hyper-parameters."""

import math
import numbers
from typing import Any, NamedTuple

from adapt.training.settings import Settings

LARGEST = 1e30  # of a float: its square still fits a record, and it is far below float32's greatest
INTEGERS = 2**31 - 1  # of a whole number: what a step or an index is counted in


class Bounds(NamedTuple):
  """The least and the greatest value, both allowed."""

  least: float
  most: float


ANY = {float: Bounds(-LARGEST, LARGEST), int: Bounds(-INTEGERS, INTEGERS)}
# Of the settings that are numbers; a penalty or a rate below 0 would climb the loss.
SETTINGS = {
  "steps": Bounds(1, INTEGERS),
  "batch_size": Bounds(1, INTEGERS),
  "lr": Bounds(0, LARGEST),
  "momentum": Bounds(0, 1),
  "weight_decay": Bounds(0, LARGEST),
  "evaluations": Bounds(1, 100_000),  # all of them are remembered
  "shots": Bounds(0, INTEGERS),
  "image_size": Bounds(0, 2**14),
  "backbone_rate": Bounds(0, LARGEST),
  "defer": Bounds(0, 1),
}
# Of differential privacy; with more noise its accountant says 0, which no noise earns.
DP = {"noise": Bounds(1e-9, 1e4), "clip": Bounds(1e-30, LARGEST), "delta": Bounds(1e-100, 1 - 1e-9)}


def error(value: Any, bounds: Bounds) -> str | None:
  """Returns what is wrong with a number, with the remedy, or None."""
  if value != value or abs(value) == math.inf:
    return f"{value} is not finite: give a number such as {_example(bounds)}"
  if value < bounds.least:
    return f"{_shown(value)} is not at least {_shown(bounds.least)}: give a larger number"
  if value > bounds.most:
    return f"{_shown(value)} is more than {_shown(bounds.most)}: give a smaller number"
  return None


def check_settings(settings: Settings) -> None:
  """Raises ValueError for settings of wrong type or out of bounds."""
  for name, bounds in SETTINGS.items():
    check(name, getattr(settings, name), type(Settings._field_defaults[name]), bounds)


def check(name: str, value: Any, kind: type, bounds: Bounds | None = None) -> None:
  """Raises ValueError unless a value has its type and bounds.

  Args:
    name: what the message calls it.
    value: the number; of other kinds than int and float anything is accepted.
    kind: the type of the default.
    bounds: those of `ANY` if None.
  """
  if kind not in ANY:
    return
  wanted = numbers.Integral if kind is int else numbers.Real
  if not isinstance(value, wanted) or isinstance(value, bool):
    what = "whole number" if kind is int else "number"
    raise ValueError(f"{name} is {str(value)[:40]!r}, no {what}: give one")
  if wrong := error(value, bounds or ANY[kind]):
    raise ValueError(f"{name} {wrong}")


def number(text: str) -> float:
  """Reads a number written in plain digits.

  Python alone would also read "1_0" and the digits of other scripts.

  Raises:
    ValueError: it is none.
  """
  return float(_plain(text))


def integer(text: str) -> int:
  """Reads a whole number written in plain digits.

  Raises ValueError as `number`.
  """
  return int(_plain(text))


def _plain(text: str) -> str:
  if not text.isascii() or "_" in text:
    raise ValueError(f"'{text}' is not written in the digits 0 to 9: write it so")
  return text


def _shown(value: float) -> str:
  """A number as a message has it; one of thousands of digits cannot be written out."""
  if abs(value) > 10**40:
    return "a number of over 40 digits"
  return str(value) if abs(value) <= INTEGERS else f"{float(value):g}"


def _example(bounds: Bounds) -> str:
  return "0.1" if bounds.least <= 0.1 <= bounds.most else f"{bounds.least:g}"
