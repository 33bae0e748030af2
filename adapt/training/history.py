"""What a run recorded on its way, and the record that is made of it."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import jax
import numpy as np

from adapt import validators
from adapt.evaluation.metrics import Counts, measures
from adapt.experiments.experiment import Point, Request
from adapt.records import record

_compiling = [0.0]


def _listen(event: str, duration_secs: float, **_: str | int) -> None:
  if event == "/jax/core/compile/backend_compile_duration":
    _compiling[0] += duration_secs


jax.monitoring.register_event_duration_secs_listener(_listen)


def compile_seconds() -> float:
  """Seconds this process has spent on compiling so far."""
  return _compiling[0]


class History:
  """Metrics and counts per evaluation; on the device until `settle` reads them."""

  def __init__(self) -> None:
    self.steps: list[int] = []
    self.metrics: list[dict[str, np.ndarray]] = []  # name -> [cells]
    self.counts: list[dict[str, Counts]] = []  # view -> counts [cells, ...]
    self.probed: list[dict[str, np.ndarray]] = []  # what validators need, [cells, ...] each
    self.diverged: dict[int, int] = {}  # cell -> first step with a non-finite loss
    self.reverse: np.ndarray | None = None  # [cells] of the last evaluation, where asked for
    self.before = 0.0  # seconds spent by earlier processes, of which this one continues the last
    self._waiting: list[tuple[int, Any, Any, Any]] = []

  def add(self, length: int, metrics: Any, counts: Any, probed: Any) -> None:
    """Takes what was dispatched for the next `length` steps, without waiting for it."""
    self._waiting.append((length, metrics, counts, probed))

  def settle(self, leave: int, report: Callable[[int, float, float | None], None]) -> None:
    """Reads all but the newest `leave` entries back and reports each."""
    while len(self._waiting) > leave:
      length, *waiting = self._waiting.pop(0)
      metrics, counts, probed = jax.device_get(waiting)
      before = self.steps[-1] if self.steps else 0
      bad = metrics.pop("first_bad")
      for cell in np.flatnonzero(bad >= 0):
        self.diverged.setdefault(int(cell), before + int(bad[cell]))
      # The last update may spoil the parameters after the last finite loss.
      for cell in np.flatnonzero(~np.isfinite(counts["target_train"].entropy)):
        self.diverged.setdefault(int(cell), before + length)
      self.steps.append(before + length)
      self.metrics.append(metrics)
      self.counts.append(counts)
      self.probed.append(probed)
      accuracy = self.accuracies("target_test")
      mean = None if accuracy is None else float(np.mean(accuracy[-1]))
      alive = [v for c, v in enumerate(metrics["loss"]) if c not in self.diverged]
      report(self.steps[-1], float(np.mean(alive)) if alive else float("nan"), mean)

  def arrays(self) -> dict[str, Any]:
    """All that is settled, stacked over evaluations, for a checkpoint."""

    def stacked(parts: list[Any]) -> Any:
      return jax.tree.map(lambda *values: np.stack(values), *parts)

    counts = [{view: c._asdict() for view, c in each.items()} for each in self.counts]
    arrays = {"steps": np.array(self.steps), "metrics": stacked(self.metrics)}
    if self.diverged:
      arrays["diverged"] = np.array(list(self.diverged.items()))  # [n, (cell, step)]
    return {**arrays, "counts": stacked(counts), "probed": stacked(self.probed)}

  @classmethod
  def of_arrays(cls, arrays: dict[str, Any]) -> "History":
    """The history whose `arrays` these are."""
    past = cls()
    past.steps = arrays["steps"].tolist()
    past.diverged = dict(arrays["diverged"].tolist()) if "diverged" in arrays else {}
    for e in range(len(past.steps)):
      kept = arrays["metrics"], arrays["counts"], arrays["probed"]
      metrics, counts, probed = jax.tree.map(lambda x, e=e: x[e], kept)
      past.metrics.append(metrics)
      past.probed.append(probed)
      past.counts.append({view: Counts(**each) for view, each in counts.items()})
    return past

  def only(self, cells: slice) -> "History":
    """The same of some cells, which are numbered anew."""
    past = History()
    past.steps, past.before = self.steps, self.before
    kept = self.metrics, self.counts, self.probed
    past.metrics, past.counts, past.probed = jax.tree.map(lambda x: x[cells], kept)
    numbers = range(cells.start, cells.stop)
    past.diverged = {c - cells.start: s for c, s in self.diverged.items() if c in numbers}
    return past

  def of(self, view: str, evaluation: int, cell: int) -> Counts:
    """The counts of one view, evaluation and cell."""
    return jax.tree.map(lambda x: x[cell], self.counts[evaluation][view])

  def scores(self, cell: int) -> dict[str, list[float]]:
    """Every validator's score of one cell at every evaluation."""
    source, target = (
      [self.of(view, e, cell) for e in range(len(self.steps))]
      for view in ("source_test", "target_train")
    )
    made = validators.scores(
      source, target, [{n: v[cell] for n, v in p.items()} for p in self.probed]
    )
    if self.reverse is not None:
      made[validators.REVERSE] = [math.nan] * (len(self.steps) - 1) + [float(self.reverse[cell])]
    return made

  def accuracies(self, view: str) -> np.ndarray | None:
    """[evaluations, cells], or None without such a view."""
    if view not in self.counts[-1]:
      return None
    confusion = np.stack([c[view].confusion for c in self.counts])  # [e, cells, k, k]
    right = np.trace(confusion, axis1=2, axis2=3)
    return np.asarray(right / np.maximum(confusion.sum((2, 3)), 1))

  def measured(self, view: str, name: str) -> np.ndarray:
    """[evaluations, cells] of a measure of tasks with unknown classes."""
    cells = range(len(self.metrics[-1]["loss"]))
    every = [
      [measures(self.of(view, e, c), True)[name] for c in cells] for e in range(len(self.steps))
    ]
    return np.array(every)


def as_record(
  request: Request,
  point: Point,
  config: dict[str, Any],
  examples: dict[str, int],
  classes: Sequence[str],
  past: History,
  cells: Sequence[int],
  seconds: dict[str, float],
) -> dict[str, Any]:
  """The record of one point; `cells` are its places in the program, one per seed.

  Numbers of a diverged seed are null, so that no mean can hide it.
  """
  alive = [c for c in cells if c not in past.diverged]
  part = len(cells) / len(past.metrics[0]["loss"])  # of a program that several points share
  share = {k: v * part for k, v in seconds.items() if k != "predict_1000"}
  return {
    "format": record.FORMAT,
    "suite": request.suite.name,
    "task": request.task.name,
    "label": point.label,
    "method": request.method,
    "config": config,
    "protocol": request.suite.protocol,
    "examples": examples,
    "classes": list(classes),
    **_measured(past, cells, alive, request.task.unknown),
    **_chosen(past, cells, alive, request.validator, request.task.unknown),
    "curves": _curves(past, cells, alive),
    "diverged": {
      str(seed): past.diverged[c]
      for seed, c in zip(request.seeds, cells, strict=True)
      if c in past.diverged
    },
    "seconds": share,
    "images_per_second": request.settings.steps * examples["step"] * len(cells) / share["train"],
    "prediction_ms_per_1000": 1000 * seconds["predict_1000"],
    "environment": record.environment(),
    "command": record.command(),
    "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
  }


def _measured(
  past: History, cells: Sequence[int], alive: Sequence[int], unknown: bool
) -> dict[str, Any]:
  if "target_test" not in past.counts[-1]:
    return {"last": None, "confusion": None, "bins": None}
  counts = {c: past.of("target_test", -1, c) for c in alive}
  each = {c: measures(counts[c], unknown) for c in alive}
  names = next(iter(each.values()), {})
  return {
    "last": {n: [each[c][n] if c in each else None for c in cells] for n in names},
    "confusion": [counts[c].confusion.astype(int) if c in counts else None for c in cells],
    "bins": [counts[c].bins if c in counts else None for c in cells],
  }


def _chosen(
  past: History, cells: Sequence[int], alive: Sequence[int], validator: str, unknown: bool
) -> dict[str, Any]:
  """Selected and oracle checkpoints, and every validator's score at every evaluation.

  With unknown classes both have their H-score too, and the oracle's is the best.
  """
  each = [past.scores(c) for c in cells]
  scores = {name: [own[name] for own in each] for name in each[0]}
  accuracy = past.accuracies("target_test")
  result: dict[str, Any] = {"selected": None, "oracle": None, "validators": scores}
  if accuracy is None:
    return result

  shown = {"accuracy": accuracy}
  if unknown:
    shown = {"h_score": past.measured("target_test", "h_score"), **shown}
  headline = next(iter(shown.values()))

  def at(best: dict[int, int]) -> dict[str, Any]:
    values = {
      name: [float(v[best[c], c]) if c in best else None for c in cells]
      for name, v in shown.items()
    }
    return {"step": [past.steps[best[c]] if c in best else None for c in cells], **values}

  preferred = {c: validators.best(scores[validator][i]) for i, c in enumerate(cells) if c in alive}
  picked = {c: e for c, e in preferred.items() if e is not None}
  result["selected"] = {"validator": validator, **at(picked)}
  result["oracle"] = at({c: int(headline[:, c].argmax()) for c in alive})
  return result


def _curves(past: History, cells: Sequence[int], alive: Sequence[int]) -> dict[str, Any]:
  curves: dict[str, Any] = {"step": past.steps}
  for name in past.metrics[0]:
    values = np.stack([m[name] for m in past.metrics])  # [evaluations, cells]
    curves[name] = [values[:, c].tolist() for c in cells]
  for name, view in (("source_accuracy", "source_test"), ("target_accuracy", "target_test")):
    accuracy = past.accuracies(view)
    if accuracy is not None:
      curves[name] = [accuracy[:, c].tolist() if c in alive else None for c in cells]
  return curves
