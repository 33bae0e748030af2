"""Runs in the results page: numbers by seed, curves, settings, command."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapt import outputs
from adapt.report.summary import Record, by_seed, headline


def text(records: Sequence[Record], order: Mapping[str, Sequence[str]]) -> str:
  """JSON for a script block of a page.

  No `<` is in it, so that nothing in it ends the block.

  Args:
    records: of any suites.
    order: suite → its tasks, as its tables have them.
  """
  settings: dict[str, int] = {}
  suites: dict[str, Any] = {}
  for name in sorted({r["suite"] for r in records}):
    mine = [r for r in records if r["suite"] == name]
    measure = headline(mine)
    suites[name] = {
      "measure": measure,
      "tasks": sorted({r["task"] for r in mine}, key=lambda t: _place(t, order.get(name, ()))),
      "runs": [_run(r, measure, settings) for r in mine],
    }
  made = {"suites": suites, "settings": [json.loads(each) for each in settings]}
  return json.dumps(made, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _place(task: str, order: Sequence[str]) -> tuple[int, str]:
  return (order.index(task) if task in order else len(order)), task


def drawn(records: Sequence[Record]) -> set[str]:
  """The suites whose curves a page draws itself."""
  return {r["suite"] for r in records if _curves(r, 1.0)}


def _run(record: Record, measure: str, settings: dict[str, int]) -> dict[str, Any]:
  """One record; the keys are one letter, as there are thousands."""
  config, environment = record["config"], record["environment"] or {}
  told = {**(config.get("settings") or {}), **(config.get("hyperparameters") or {})}
  told = {k: v for k, v in told.items() if v not in (None, "", False)}
  key = json.dumps(told, sort_keys=True, default=str)
  how = outputs.measure(measure)
  last = by_seed(record, "last", measure)
  curves = _curves(record, how.scale)
  return {
    "t": record["task"],
    "l": record["label"],
    "s": config["seeds"],
    "v": [_rounded(last.get(seed), how.scale) for seed in config["seeds"]],
    "x": record["curves"]["step"] if curves else [],
    "c": curves,
    "k": settings.setdefault(key, len(settings)),
    "r": record.get("command") or "",
    "g": str(environment.get("commit") or "")[:10],
    "m": _device(environment.get("device")),
    "d": str(record.get("date") or "")[:10],
  }


def _curves(record: Record, scale: float) -> list[list[float | None]]:
  """[seeds][evaluations] of accuracy on the target's test set; empty where none is kept."""
  found = (record.get("curves") or {}).get("target_accuracy") or ()
  steps = (record.get("curves") or {}).get("step") or ()
  if record.get("output") or len(steps) < 2:
    return []
  return [[_rounded(v, scale) for v in each] for each in found if each is not None]


def _rounded(value: float | None, scale: float) -> float | None:
  return None if value is None else round(scale * value, 2)


def _device(device: Any) -> str:
  if isinstance(device, Mapping):
    return ", ".join(str(v) for v in device.values() if v)
  return str(device or "")
