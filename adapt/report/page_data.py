"""Runs in the results page: numbers by seed, curves, settings, command."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapt import outputs
from adapt.report.summary import Record, by_seed, headline, over_steps

Pools = dict[str, dict[str, int]]  # letter → what runs share, as JSON → its place
SHARED = "sxkrgmd"
TASK, LABEL = "\ue000", "\ue001"  # no command has these


def text(records: Sequence[Record], order: Mapping[str, Sequence[str]]) -> str:
  """JSON for a script block of a page.

  No `<` is in it, so that nothing in it ends the block. What many runs share stands once, in
  `pools`; a run has its place there. A command is shared by runs of other tasks and labels: TASK and
  LABEL stand for its own.

  Args:
    records: of any suites.
    order: suite → its tasks, as its tables have them.
  """
  pools: Pools = {name: {} for name in SHARED}
  suites: dict[str, Any] = {}
  for name in sorted({r["suite"] for r in records}):
    mine = [r for r in records if r["suite"] == name]
    measure = headline(mine)
    tasks = sorted({r["task"] for r in mine}, key=lambda t: _place(t, order.get(name, ())))
    shown, title = over_steps(mine)
    title = title if any(_curves(r, shown) for r in mine) else ""
    runs = [{"t": tasks.index(r["task"]), **_run(r, measure, shown, pools)} for r in mine]
    suites[name] = {"measure": measure, "curves": title, "tasks": tasks, "runs": runs}
  shared = {name: [json.loads(each) for each in pool] for name, pool in pools.items()}
  made = {"suites": suites, "pools": shared}
  return json.dumps(made, separators=(",", ":"), ensure_ascii=False).replace("<", "\\u003c")


def _place(task: str, order: Sequence[str]) -> tuple[int, str]:
  return (order.index(task) if task in order else len(order)), task


def drawn(records: Sequence[Record]) -> set[str]:
  """The suites whose curves a page draws itself."""
  found = set()
  for name in {r["suite"] for r in records}:
    mine = [r for r in records if r["suite"] == name]
    shown, _ = over_steps(mine)
    found |= {name} if any(_curves(r, shown) for r in mine) else set()
  return found


def _run(record: Record, measure: str, shown: str, pools: Pools) -> dict[str, Any]:
  """One record; the keys are one letter, as there are thousands."""
  config, environment = record["config"], record["environment"] or {}
  told = {**(config.get("settings") or {}), **(config.get("hyperparameters") or {})}
  how = outputs.measure(measure)
  last = by_seed(record, "last", measure)
  curves = _curves(record, shown)
  command = (record.get("command") or "").replace(record["task"], TASK)
  shared = {
    "s": config["seeds"],
    "x": record["curves"]["step"] if curves else [],
    "k": {k: v for k, v in sorted(told.items()) if v not in (None, "", False)},
    "r": command.replace(record["label"], LABEL),
    "g": str(environment.get("commit") or "")[:10],
    "m": _device(environment.get("device")),
    "d": str(record.get("date") or "")[:10],
  }
  places = {}
  for name, value in shared.items():
    key = json.dumps(value, default=str)
    places[name] = pools[name].setdefault(key, len(pools[name]))
  values = [_rounded(last.get(seed), how.scale, how.digits + 1) for seed in config["seeds"]]
  return {"l": record["label"], "v": values, "c": curves, **places}


def _curves(record: Record, measure: str) -> list[list[float | None]]:
  """[seeds][evaluations] of a measure on the target's test set; empty where none is kept."""
  found = (record.get("curves") or {}).get(f"target_{measure}") or ()
  how = outputs.measure(measure)
  steps = (record.get("curves") or {}).get("step") or ()
  if len(steps) < 2:
    return []
  return [[_rounded(v, how.scale, how.digits) for v in each] for each in found if each is not None]


def _rounded(value: float | None, scale: float, digits: int) -> float | None:
  return None if value is None else round(scale * value, digits)


def _device(device: Any) -> str:
  if isinstance(device, Mapping):
    return ", ".join(str(v) for v in device.values() if v)
  return str(device or "")
