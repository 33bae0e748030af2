"""Checkers of JSON values, the parts of record and model schemas."""

import math
from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[Any], str | None]  # what is wrong with a value, as " is …" or ".part is …"

_GREATEST = 1e100  # of a number: no measure, loss or time is larger


def shown(value: Any) -> str:
  """Returns a value as a message shows it."""
  whole = repr(value)
  return whole if len(whole) < 40 else f"{whole[:40]}…"


def kind_of(name: str, holds: Callable[[Any], bool]) -> Kind:
  """Builds a checker from a test; `name` describes failing values."""
  return lambda value: None if holds(value) else f" is {shown(value)}, {name}"


def _is_number(value: Any) -> bool:
  if isinstance(value, bool) or not isinstance(value, int | float):
    return False
  return (
    math.isfinite(value) and abs(value) < _GREATEST
    if isinstance(value, float)
    else abs(value) < 2**63
  )


def _is_simple(value: Any) -> bool:
  items = value if isinstance(value, list) else [value]
  return all(i is None or isinstance(i, str | bool) or _is_number(i) for i in items)


text = kind_of("no text", lambda v: isinstance(v, str))
truth = kind_of("neither true nor false", lambda v: isinstance(v, bool))
number = kind_of("no number", _is_number)
whole = kind_of("no whole number", lambda v: _is_number(v) and isinstance(v, int) and v >= 0)
simple = kind_of("no text, number or list of them", _is_simple)
anything = kind_of("", lambda v: True)
an_object = kind_of("no object", lambda v: isinstance(v, dict))


def within(low: float, high: float) -> Kind:
  """Builds a checker for numbers between two."""

  def wrong(value: Any) -> str | None:
    if said := number(value):
      return said
    return None if low <= value <= high else f" is {value}, not from {low:g} to {high:.3g}"

  return wrong


amount = within(0, math.inf)
share = within(0, 1.000001)  # sums of float32 may exceed 1 by their last digits


def maybe(kind: Kind) -> Kind:
  """Builds a checker that takes null too."""
  return lambda value: None if value is None else kind(value)


def list_of(kind: Kind, length: int | None = None) -> Kind:
  """Builds a checker for lists, of any length if None."""

  def wrong(value: Any) -> str | None:
    if not isinstance(value, list) or length not in (None, len(value)):
      return f" is {shown(value)}, no list{'' if length is None else f' of {length}, one a seed'}"
    for i, item in enumerate(value):  # a plain loop, as records hold a million numbers
      if w := kind(item):
        return f"[{i}]{w}"
    return None

  return wrong


def fields(required: Mapping[str, Kind], optional: Mapping[str, Kind] = {}) -> Kind:
  """Builds a checker for objects with these keys, and maybe others."""

  def wrong(value: Any) -> str | None:
    if not isinstance(value, dict):
      return an_object(value)
    if lost := [key for key in required if key not in value]:
      return f" lacks '{lost[0]}'"
    kinds = {**optional, **required}
    return next(
      (f".{k}{w}" for k, kind in kinds.items() if k in value and (w := kind(value[k]))), None
    )

  return wrong


def each(known: Mapping[str, Kind], others: Kind) -> Kind:
  """Builds a checker for an object's values by key.

  Values of other keys are checked by `others`.
  """

  def wrong(value: Any) -> str | None:
    if not isinstance(value, dict):
      return an_object(value)
    return next((f".{k}{w}" for k, v in value.items() if (w := known.get(k, others)(v))), None)

  return wrong
