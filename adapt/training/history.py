"""Collects a run's metrics and makes the record's measures from them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from adapt import validators
from adapt.evaluation.class_measures import Measured
from adapt.evaluation.metrics import Counts, measures

# (steps done, all that is known so far); called once per evaluation
Report = Callable[[int, "History"], None]


class History:
  """Metrics and counts per evaluation; on the device until `settle` reads them."""

  def __init__(self) -> None:
    self.steps: list[int] = []
    self.metrics: list[dict[str, np.ndarray]] = []  # name -> [cells]
    self.counts: list[dict[str, Counts]] = []  # view -> counts [cells, ...]
    self.probed: list[dict[str, Any]] = []  # what validators need by name, [cells, ...] each
    self.diverged: dict[int, int] = {}  # cell -> first step with a non-finite loss
    self.reverse: np.ndarray | None = None  # [cells] of the last evaluation, where asked for
    self.labels: Sequence[str] = ()  # of each cell's point; seeds of one point share theirs
    self.unknown = False  # whether the last class is that of unknown examples
    self.before = 0.0  # seconds spent by earlier processes, of which this one continues the last
    self.final: list[Measured] = []  # by cell: of the probabilities on the target test set
    self._waiting: list[tuple[int, Any, Any, Any]] = []

  def add(self, length: int, metrics: Any, counts: Any, probed: Any) -> None:
    """Queues results of the next `length` steps without waiting for them."""
    self._waiting.append((length, metrics, counts, probed))

  def settle(self, leave: int, report: Report) -> None:
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
      report(self.steps[-1], self)

  def arrays(self) -> dict[str, Any]:
    """Returns all settled entries, stacked over evaluations, for a checkpoint."""

    def stacked(parts: list[Any]) -> Any:
      return jax.tree.map(lambda *values: np.stack(values), *parts)

    counts = [{view: c._asdict() for view, c in each.items()} for each in self.counts]
    arrays = {"steps": np.array(self.steps), "metrics": stacked(self.metrics)}
    if self.diverged:
      arrays["diverged"] = np.array(list(self.diverged.items()))  # [n, (cell, step)]
    # A validator may have come, or gone, with a plug-in folder since an earlier checkpoint.
    always = set.intersection(*map(set, self.probed)) if self.probed else set()
    probed = [{n: made for n, made in each.items() if n in always} for each in self.probed]
    return {**arrays, "counts": stacked(counts), "probed": stacked(probed)}

  @classmethod
  def of_arrays(cls, arrays: dict[str, Any]) -> "History":
    """Restores a history from its `arrays`."""
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
    """Returns the history of selected cells, renumbered from 0."""
    past = History()
    past.steps, past.before, past.labels = self.steps, self.before, self.labels[cells]
    past.unknown, past.final = self.unknown, self.final[cells]
    kept = self.metrics, self.counts, self.probed
    past.metrics, past.counts, past.probed = jax.tree.map(lambda x: x[cells], kept)
    numbers = range(cells.start, cells.stop)
    past.diverged = {c - cells.start: s for c, s in self.diverged.items() if c in numbers}
    return past

  def of(self, view: str, evaluation: int, cell: int) -> Counts:
    """Returns the counts of one view, evaluation and cell."""
    return jax.tree.map(lambda x: x[cell], self.counts[evaluation][view])

  def scores(self, cell: int) -> dict[str, list[float]]:
    """Every validator's score of one cell at every evaluation."""
    source, target = (
      [self.of(view, e, cell) for e in range(len(self.steps))]
      for view in ("source_test", "target_train")
    )
    made = validators.scores(
      source, target, [jax.tree.map(lambda x: x[cell], p) for p in self.probed]
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

  def newest(self, target: bool = True) -> dict[str, dict[str, np.ndarray]]:
    """Every measure of the newest evaluation, [cells]; NaN where diverged.

    Args:
      target: whether to add what target test labels say.

    Returns:
      By kind: "train", the loss and the method's metrics; "source", accuracy on held-out examples;
      "validators", every label-free score; "target", where asked for and known.
    """
    cells = len(self.metrics[-1]["loss"])
    each = [self.scores(c) for c in range(cells)]
    source = self.accuracies("source_test")
    assert source is not None  # sources have labels
    found: dict[str, dict[str, Any]] = {
      "train": dict(self.metrics[-1]),
      "source": {"accuracy": source[-1]},
      "validators": {n: [own[n][-1] for own in each] for n in each[0]},
    }
    if target and "target_test" in self.counts[-1]:
      every = [measures(self.of("target_test", -1, c), self.unknown) for c in range(cells)]
      names = [n for n, value in every[0].items() if isinstance(value, float)]
      found["target"] = {n: [own[n] for own in every] for n in names}
    lost = np.isin(np.arange(cells), list(self.diverged))
    return {
      kind: {n: np.where(lost, math.nan, np.asarray(v, float)) for n, v in named.items()}
      for kind, named in found.items()
    }

  def mean(self, kind: str) -> float | None:
    """Mean of the newest "loss" or view accuracy over finite cells."""
    values = self.metrics[-1]["loss"]
    if kind != "loss":
      accuracy = self.accuracies(kind)
      if accuracy is None:
        return None
      values = accuracy[-1]
    alive = [v for c, v in enumerate(values) if c not in self.diverged]
    return float(np.mean(alive)) if alive else math.nan

  def means(self, cells: int) -> dict[str, float]:
    """Averages the newest label-free measures over the first `cells`, if finite.

    The method's metrics, accuracy on held-out source examples, and validators that need no other
    evaluation; no target label is read.
    """
    found = self.newest(target=False)
    named = {**found["train"], "source_accuracy": found["source"]["accuracy"]}
    each = {n: v[:cells] for n, v in (named | found["validators"]).items()}
    alive = [c for c in range(cells) if c not in self.diverged]
    return {n: float(np.mean(v[alive])) if alive else math.nan for n, v in each.items()}

  def measured(self, view: str, name: str) -> np.ndarray:
    """[evaluations, cells] of a measure of tasks with unknown classes."""
    cells = range(len(self.metrics[-1]["loss"]))
    every = [
      [measures(self.of(view, e, c), True)[name] for c in cells] for e in range(len(self.steps))
    ]
    return np.array(every)
