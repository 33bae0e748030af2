"""Checks the JSON that runs leave; reports the first error.

Its readers then need not check it.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

Kind = Callable[[Any], str | None]  # what is wrong with a value, as " is …" or ".part is …"

_ACCURACIES = ("source_accuracy", "target_accuracy")  # among the curves
_GREATEST = 1e100  # of a number: no measure, loss or time is larger


def record(value: Any) -> str | None:
  """Returns the first error in a record, or None.

  Keys that a reader can do without may be absent.
  """
  named = dict.fromkeys(("suite", "task", "label", "method"), _text)
  if wrong := _fields({**named, "config": config})(value):
    return wrong
  seeds = len(value["config"]["seeds"])
  each = _list(_maybe(_number), seeds)
  curve = _list(_maybe(_list(_maybe(_number))), seeds)
  matrix = _list(_maybe(_list(_list(_number))), seeds)
  shares = _list(_maybe(_share), seeds)
  rows = _list(_maybe(_list(_maybe(_share))), seeds)
  measured = {"accuracy": shares, "h_score": shares, "step": _list(_maybe(_whole), seeds)}
  section = _maybe(_each({"validator": _text, "per_class": rows, **measured}, each))
  optional = {
    **dict.fromkeys(("command", "date"), _text),
    "protocol": _maybe(_text),
    "classes": _list(_text),
    **dict.fromkeys(("last", "selected", "oracle"), section),
    **dict.fromkeys(("confusion", "bins"), _maybe(matrix)),
    "curves": _maybe(_each({"step": _list(_whole), **dict.fromkeys(_ACCURACIES, rows)}, curve)),
    "validators": _maybe(_each({}, curve)),
    **dict.fromkeys(("diverged", "examples", "seconds"), _maybe(_each({}, _maybe(_amount)))),
    **dict.fromkeys(("images_per_second", "prediction_ms_per_1000"), _maybe(_amount)),
    "environment": _environment,
    "earlier": _list(_earlier),
    "privacy": _each({}, _each({}, _number)),
    "preprocessing": _fields({"features": _whole, "digest": _text}),
    "effective_share": _number,
    "interval": _maybe(_fields({"accuracy": _list(_maybe(_list(_number, 2)), seeds)})),
    "search": _search,
    "output": _output,
  }
  return _fields({}, optional)(value) or _shapes(value)


def _environment(value: Any) -> str | None:
  """Returns the first error in a record's environment, or None."""
  return _maybe(_each({"commit": _maybe(_text), "device": _maybe(_text)}, _anything))(value)


def _earlier(value: Any) -> str | None:
  """Returns the first error in an earlier run's seeds, or None.

  Other seeds joined those later; the value says where they came from.
  """
  named = dict.fromkeys(("command", "date"), _text)
  return _fields({"seeds": _list(_whole)}, {**named, "environment": _environment})(value)


def _search(value: Any) -> str | None:
  """Returns the first error in a search's result, or None."""
  grid = isinstance(value, dict) and value.get("sampler") == "grid"
  range_ = _list(_number) if grid else _list(_simple, 3)
  measured = dict.fromkeys(("accuracy", "h_score"), _maybe(_share))
  values = {"hyperparameters": _each({}, _number), "validators": _each({}, _maybe(_number))}
  places = dict.fromkeys(("chosen", "oracle"), _maybe(_whole))
  required = {
    "number": _whole,
    **dict.fromkeys(("sampler", "validator"), _text),
    "ranges": _each({}, range_),
    "candidates": _list(_fields(values, measured)),
    **places,
    "regret": _maybe(_number),
  }
  if wrong := _fields(required)(value):
    return wrong
  there = len(value["candidates"])
  if not there or there != value["number"]:
    return f".candidates are {there}, not {value['number']}"
  beyond = [p for p in places if value[p] is not None and value[p] >= there]
  return f".{beyond[0]} is {value[beyond[0]]}, of {there} candidates" if beyond else None


def config(value: Any) -> str | None:
  """Returns the first error in a run's configuration, or None."""
  required = {
    "seeds": _list(_whole),
    "settings": _each({}, _simple),
    "hyperparameters": _each({}, _simple),
    "data": _each({}, _text),
  }
  optional = {
    "source": _list(_text),
    "target": _text,
    "validator": _maybe(_text),
    "dp": _maybe(_each({}, _number)),
    "code": _each({}, _text),
    "reading": _each({}, _simple),
    "search": _each({"ranges": _each({}, _list(_simple))}, _simple),
  }
  wrong = _fields(required, optional)(value)
  if not wrong and (not value["seeds"] or len(set(value["seeds"])) < len(value["seeds"])):
    return f".seeds is {_shown(value['seeds'])}, not different numbers"
  return wrong


def about(value: Any) -> str | None:
  """Returns the first error in a saved model's description, or None."""
  positive = _list(_whole)
  required = {
    **dict.fromkeys(("suite", "task", "label", "date", "method"), _text),
    **dict.fromkeys(("seed", "step", "sources", "image_size"), _whole),
    "hyperparameters": _each({}, _simple),
    "tuning": _fields({"name": _text, "given": _each({}, _simple)}),
    "settings": _fields({"model": _text, "batch_size": _whole, "lr": _number}),
    "classes": _list(_text),
    **dict.fromkeys(("unknown", "labelled"), _truth),
    **dict.fromkeys(("seen", "inputs"), _fields({"shape": positive, "dtype": _text})),
    "backbone": _maybe(_fields({"model": _text, "precision": _text})),
    "environment": _each({}, _anything),
  }
  return _fields(required, {"preprocessing": _preprocessing, "output": _output})(value)


def _output(value: Any) -> str | None:
  """Returns the first error in what values are predicted and how they were standardised, or None."""
  if wrong := _fields({"name": _text, **dict.fromkeys(("mean", "std"), _list(_number))})(value):
    return wrong
  return None if min(value["std"], default=0) > 0 else ".std is not above 0"


def _preprocessing(value: Any) -> str | None:
  """Returns the first error in how a model's inputs are made, or None."""
  required = {"reading": _each({}, _simple), "features": _list(_text), "steps": _list(_step)}
  if wrong := _fields(required)(value):
    return wrong
  steps = {step["step"]: step for step in value["steps"]}
  if "table" in steps:
    names = [column["name"] for column in steps["table"]["columns"]]
    if names != steps.get("columns", {}).get("names"):
      return ".steps have a table of other columns than they choose"
  return None


def _step(value: Any) -> str | None:
  """Returns the first error in a step from what was read to a model's inputs, or None."""
  if wrong := _fields({"step": _text})(value):
    return wrong
  column = _fields(
    {"name": _text, "missing": _truth}, {"median": _number, "categories": _list(_text)}
  )
  required: dict[str, Mapping[str, Kind]] = {
    "columns": {"names": _list(_text), "left_out": _list(_text)},
    "table": {"columns": _list(column)},
    "scale": {"how": _text, "centre": _list(_number), "width": _list(_number)},
  }
  if wrong := _fields(required.get(value["step"], {}))(value):
    return wrong
  if value["step"] == "table":
    lost = [c for c in value["columns"] if ("median" in c) == ("categories" in c)]
    return ".columns say neither or both of median and categories" if lost else None
  if value["step"] == "scale" and len(value["centre"]) != len(value["width"]):
    return ".centre is not as long as .width"
  return None


def said(wrong: str) -> str:
  """Formats the error that `record`, `config` or `about` returned."""
  return f"its {wrong[1:]}" if wrong.startswith(".") else f"it{wrong}"


def _shapes(value: Mapping[str, Any]) -> str | None:
  """Returns the first mismatch in lengths of lists that go together."""
  curves = value.get("curves") or {}
  steps = len(curves.get("step", ()))
  for name, parts in (("curves", curves), ("validators", value.get("validators") or {})):
    for key, each in parts.items():
      if key != "step" and any(one is not None and len(one) != steps for one in each):
        return f".{name}.{key} has other lengths than .curves.step"
  classes = len(value.get("classes", ()))
  for matrix in value.get("confusion") or ():
    if matrix is not None and {len(matrix), *map(len, matrix)} != {classes}:
      return f".confusion is not of {classes} classes"
  for bins in value.get("bins") or ():
    if bins is not None and any(len(row) != 3 for row in bins):
      return ".bins has rows that are not three numbers"
  return _trace(value)


def _trace(value: Mapping[str, Any]) -> str | None:
  """Returns which accuracy is not that of its confusion matrix, or None."""
  accuracies = (value.get("last") or {}).get("accuracy") or ()
  for seed, (matrix, accuracy) in enumerate(
    zip(value.get("confusion") or (), accuracies, strict=False)
  ):
    if matrix is None or accuracy is None or not (total := sum(map(sum, matrix))):
      continue
    share = sum(row[i] for i, row in enumerate(matrix)) / total
    if abs(share - accuracy) > 1e-4:
      return f".last.accuracy[{seed}] is {accuracy:.4f}, and its .confusion says {share:.4f}"
  return None


def _shown(value: Any) -> str:
  text = repr(value)
  return text if len(text) < 40 else f"{text[:40]}…"


def _kind(name: str, holds: Callable[[Any], bool]) -> Kind:
  return lambda value: None if holds(value) else f" is {_shown(value)}, {name}"


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


_text = _kind("no text", lambda v: isinstance(v, str))
_truth = _kind("neither true nor false", lambda v: isinstance(v, bool))
_number = _kind("no number", _is_number)
_whole = _kind("no whole number", lambda v: _is_number(v) and isinstance(v, int) and v >= 0)
_simple = _kind("no text, number or list of them", _is_simple)
_anything = _kind("", lambda v: True)
_object = _kind("no object", lambda v: isinstance(v, dict))


def _within(low: float, high: float) -> Kind:
  """Builds a checker for numbers between two."""

  def wrong(value: Any) -> str | None:
    if said := _number(value):
      return said
    return None if low <= value <= high else f" is {value}, not from {low:g} to {high:.3g}"

  return wrong


_amount = _within(0, math.inf)
_share = _within(0, 1.000001)  # sums of float32 may exceed 1 by their last digits


def _maybe(kind: Kind) -> Kind:
  return lambda value: None if value is None else kind(value)


def _list(kind: Kind, length: int | None = None) -> Kind:
  def wrong(value: Any) -> str | None:
    if not isinstance(value, list) or length not in (None, len(value)):
      return f" is {_shown(value)}, no list{'' if length is None else f' of {length}, one a seed'}"
    return next((f"[{i}]{w}" for i, item in enumerate(value) if (w := kind(item))), None)

  return wrong


def _fields(required: Mapping[str, Kind], optional: Mapping[str, Kind] = {}) -> Kind:
  """Builds a checker for objects with these keys, and maybe others."""

  def wrong(value: Any) -> str | None:
    if not isinstance(value, dict):
      return _object(value)
    if lost := [key for key in required if key not in value]:
      return f" lacks '{lost[0]}'"
    kinds = {**optional, **required}
    return next(
      (f".{k}{w}" for k, kind in kinds.items() if k in value and (w := kind(value[k]))), None
    )

  return wrong


def _each(known: Mapping[str, Kind], others: Kind) -> Kind:
  """Builds a checker for an object's values by key.

  Values of other keys are checked by `others`.
  """

  def wrong(value: Any) -> str | None:
    if not isinstance(value, dict):
      return _object(value)
    return next((f".{k}{w}" for k, v in value.items() if (w := known.get(k, others)(v))), None)

  return wrong
