"""Checks a saved model's description; reports the first error."""

from collections.abc import Mapping
from typing import Any

from adapt.records import json_kinds as kinds
from adapt.records.json_kinds import Kind


def about(value: Any) -> str | None:
  """Returns the first error in a saved model's description, or None."""
  positive = kinds.list_of(kinds.whole)
  required = {
    **dict.fromkeys(("suite", "task", "label", "date", "method"), kinds.text),
    **dict.fromkeys(("seed", "step", "sources", "image_size"), kinds.whole),
    "hyperparameters": kinds.each({}, kinds.simple),
    "tuning": kinds.fields({"name": kinds.text, "given": kinds.each({}, kinds.simple)}),
    "settings": kinds.fields({"model": kinds.text, "batch_size": kinds.whole, "lr": kinds.number}),
    "classes": kinds.list_of(kinds.text),
    **dict.fromkeys(("unknown", "labelled"), kinds.truth),
    **dict.fromkeys(("seen", "inputs"), kinds.fields({"shape": positive, "dtype": kinds.text})),
    "backbone": kinds.maybe(kinds.fields({"model": kinds.text, "precision": kinds.text})),
    "environment": kinds.each({}, kinds.anything),
  }
  return kinds.fields(
    required,
    {
      "preprocessing": _preprocessing,
      "output": output,
      "threshold": kinds.share,
      "label_type": kinds.text,
      "own_code": kinds.each({}, kinds.text),
    },
  )(value)


def output(value: Any) -> str | None:
  """Returns the first error in what is predicted, or None."""
  if wrong := kinds.fields({"name": kinds.text})(value):
    return wrong
  if value["name"] != "values":
    return None
  if wrong := kinds.fields(
    {"name": kinds.text, **dict.fromkeys(("mean", "std"), kinds.list_of(kinds.number))}
  )(value):
    return wrong
  return None if min(value["std"], default=0) > 0 else ".std is not above 0"


def _preprocessing(value: Any) -> str | None:
  """Returns the first error in how a model's inputs are made, or None."""
  required = {
    "reading": kinds.each({}, kinds.simple),
    "features": kinds.list_of(kinds.text),
    "steps": kinds.list_of(_step),
  }
  if wrong := kinds.fields(required)(value):
    return wrong
  steps = {step["step"]: step for step in value["steps"]}
  if "table" in steps:
    names = [column["name"] for column in steps["table"]["columns"]]
    if names != steps.get("columns", {}).get("names"):
      return ".steps have a table of other columns than they choose"
  return None


def _step(value: Any) -> str | None:
  """Returns the first error in a step from what was read to a model's inputs, or None."""
  if wrong := kinds.fields({"step": kinds.text})(value):
    return wrong
  column = kinds.fields(
    {"name": kinds.text, "missing": kinds.truth},
    {
      "median": kinds.number,
      "categories": kinds.list_of(kinds.text),
      "decimal": kinds.text,
      "offset": kinds.number,
    },
  )
  required: dict[str, Mapping[str, Kind]] = {
    "columns": {"names": kinds.list_of(kinds.text), "left_out": kinds.list_of(kinds.text)},
    "table": {"columns": kinds.list_of(column)},
    "scale": {
      "how": kinds.text,
      "centre": kinds.list_of(kinds.number),
      "width": kinds.list_of(kinds.number),
    },
    "texts": {"columns": kinds.list_of(kinds.text)},
    "bag": {
      **{
        "words": kinds.list_of(kinds.text),
        "idf": kinds.list_of(kinds.number),
        "pattern": kinds.text,
      },
      **{"together": kinds.whole, "logarithm": kinds.truth, "length": kinds.number},
    },
    "tokens": {"length": kinds.whole},
  }
  if wrong := kinds.fields(required.get(value["step"], {}))(value):
    return wrong
  if value["step"] == "table":
    lost = [c for c in value["columns"] if ("median" in c) == ("categories" in c)]
    return ".columns say neither or both of median and categories" if lost else None
  pairs = {"scale": ("centre", "width"), "bag": ("words", "idf")}
  a, b = pairs.get(value["step"], ("step", "step"))
  if len(value[a]) != len(value[b]):
    return f".{a} is not as long as .{b}"
  return None
