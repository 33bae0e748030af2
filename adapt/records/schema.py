"""Checks the JSON that runs leave; reports the first error.

Its readers then need not check it.
"""

from collections.abc import Mapping
from typing import Any

from adapt.records import json_kinds as kinds
from adapt.records import model_schema

_ACCURACIES = ("source_accuracy", "target_accuracy")  # among the curves
LISTS = ("per_class", "per_group", "class_iou")  # measures with a list a seed


def record(value: Any) -> str | None:
  """Returns the first error in a record, or None.

  Keys that a reader can do without may be absent.
  """
  named = dict.fromkeys(("suite", "task", "label", "method"), kinds.text)
  if wrong := kinds.fields({**named, "config": config})(value):
    return wrong
  seeds = len(value["config"]["seeds"])
  each = kinds.list_of(kinds.maybe(kinds.number), seeds)
  curve = kinds.list_of(kinds.maybe(kinds.list_of(kinds.maybe(kinds.number))), seeds)
  matrix = kinds.list_of(kinds.maybe(kinds.list_of(kinds.list_of(kinds.number))), seeds)
  shares = kinds.list_of(kinds.maybe(kinds.share), seeds)
  rows = kinds.list_of(kinds.maybe(kinds.list_of(kinds.maybe(kinds.share))), seeds)
  measured = {
    "accuracy": shares,
    "h_score": shares,
    "step": kinds.list_of(kinds.maybe(kinds.whole), seeds),
  }
  by_class = dict.fromkeys(LISTS, rows)
  section = kinds.maybe(kinds.each({"validator": kinds.text, **by_class, **measured}, each))
  optional = {
    **dict.fromkeys(("command", "date"), kinds.text),
    "protocol": kinds.maybe(kinds.text),
    **dict.fromkeys(("classes", "groups"), kinds.list_of(kinds.text)),
    **dict.fromkeys(("last", "selected", "oracle"), section),
    **dict.fromkeys(("confusion", "bins"), kinds.maybe(matrix)),
    "curves": kinds.maybe(
      kinds.each({"step": kinds.list_of(kinds.whole), **dict.fromkeys(_ACCURACIES, rows)}, curve)
    ),
    "validators": kinds.maybe(kinds.each({}, curve)),
    "expected": kinds.maybe(kinds.each(dict.fromkeys(("value", "low", "high"), shares), each)),
    **dict.fromkeys(
      ("diverged", "examples", "seconds"), kinds.maybe(kinds.each({}, kinds.maybe(kinds.amount)))
    ),
    **dict.fromkeys(("images_per_second", "prediction_ms_per_1000"), kinds.maybe(kinds.amount)),
    "environment": _environment,
    "earlier": kinds.list_of(_earlier),
    "privacy": kinds.each({}, kinds.each({}, kinds.number)),
    "preprocessing": kinds.fields({"features": kinds.whole, "digest": kinds.text}),
    "effective_share": kinds.number,
    "weighted_shares": kinds.list_of(kinds.share),
    "majority": kinds.fields({"class": kinds.text, "share": kinds.share, "examples": kinds.whole}),
    "weights_form": kinds.text,
    "interval": kinds.maybe(
      kinds.fields({"accuracy": kinds.list_of(kinds.maybe(kinds.list_of(kinds.number, 2)), seeds)})
    ),
    "search": _search,
    "auto": _auto,
    "output": model_schema.output,
    "decision": kinds.fields({"rule": kinds.text, "threshold": shares}),
  }
  return kinds.fields({}, optional)(value) or _shapes(value)


def _environment(value: Any) -> str | None:
  """Returns the first error in a record's environment, or None."""
  return kinds.maybe(
    kinds.each(
      {"commit": kinds.maybe(kinds.text), "device": kinds.maybe(kinds.text)}, kinds.anything
    )
  )(value)


def _earlier(value: Any) -> str | None:
  """Returns the first error in an earlier run's seeds, or None.

  Other seeds joined those later; the value says where they came from.
  """
  named = dict.fromkeys(("command", "date"), kinds.text)
  return kinds.fields(
    {"seeds": kinds.list_of(kinds.whole)}, {**named, "environment": _environment}
  )(value)


def _search(value: Any) -> str | None:
  """Returns the first error in a search's result, or None."""
  grid = isinstance(value, dict) and value.get("sampler") == "grid"
  range_ = kinds.list_of(kinds.number) if grid else kinds.list_of(kinds.simple, 3)
  measured = dict.fromkeys(("accuracy", "h_score"), kinds.maybe(kinds.share))
  values = {
    "hyperparameters": kinds.each({}, kinds.number),
    "validators": kinds.each({}, kinds.maybe(kinds.number)),
  }
  places = dict.fromkeys(("chosen", "oracle"), kinds.maybe(kinds.whole))
  required = {
    "number": kinds.whole,
    **dict.fromkeys(("sampler", "validator"), kinds.text),
    "ranges": kinds.each({}, range_),
    "candidates": kinds.list_of(kinds.fields(values, measured)),
    **places,
    "regret": kinds.maybe(kinds.number),
  }
  if wrong := kinds.fields(required)(value):
    return wrong
  there = len(value["candidates"])
  if not there or there != value["number"]:
    return f".candidates are {there}, not {value['number']}"
  beyond = [p for p in places if value[p] is not None and value[p] >= there]
  return f".{beyond[0]} is {value[beyond[0]]}, of {there} candidates" if beyond else None


def _auto(value: Any) -> str | None:
  """Returns the first error in what `--method auto` tried and chose, or None."""
  score = kinds.maybe(kinds.number)
  measured = {"score": score, "source_accuracy": score, "accuracy": kinds.maybe(kinds.share)}
  tried = kinds.fields({"label": kinds.text, "reason": kinds.text, **measured})
  required = {
    "tried": kinds.list_of(tried),
    "left_out": kinds.list_of(kinds.text),
    **dict.fromkeys(("validator", "chosen"), kinds.text),
    **dict.fromkeys(("margin", "guard"), kinds.number),
    **dict.fromkeys(("gain", "regret"), score),
  }
  if wrong := kinds.fields(required)(value):
    return wrong
  known = value["chosen"] in [one["label"] for one in value["tried"]]
  return None if known else f".chosen is {kinds.shown(value['chosen'])}, which was not tried"


def config(value: Any) -> str | None:
  """Returns the first error in a run's configuration, or None."""
  required = {
    "seeds": kinds.list_of(kinds.whole),
    "settings": kinds.each({}, kinds.simple),
    "hyperparameters": kinds.each({}, kinds.simple),
    "data": kinds.each({}, kinds.text),
  }
  optional = {
    "source": kinds.list_of(kinds.text),
    "target": kinds.text,
    "validator": kinds.maybe(kinds.text),
    "dp": kinds.maybe(kinds.each({}, kinds.number)),
    "code": kinds.each({}, kinds.text),
    "reading": kinds.each({}, kinds.simple),
    "search": kinds.each({"ranges": kinds.each({}, kinds.list_of(kinds.simple))}, kinds.simple),
  }
  wrong = kinds.fields(required, optional)(value)
  if not wrong and (not value["seeds"] or len(set(value["seeds"])) < len(value["seeds"])):
    return f".seeds is {kinds.shown(value['seeds'])}, not different numbers"
  return wrong


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
