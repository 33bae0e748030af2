"""Collects a run's metrics and makes the record's measures from them."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np

from adapt import outputs, validators
from adapt.evaluation import label_measures, pixel_measures, value_measures
from adapt.evaluation.class_measures import Measured
from adapt.evaluation.label_measures import LabelCounts
from adapt.evaluation.metrics import Counts, measures
from adapt.evaluation.pixel_measures import PixelCounts
from adapt.evaluation.value_measures import ValueCounts

# (steps done, all that is known so far); called once per evaluation
Report = Callable[[int, "History"], None]


Block = tuple[int, Any]  # steps, and their metrics: name -> [cells, that many or more], or [cells]


def per_step(blocks: Sequence[Block]) -> dict[str, np.ndarray]:
  """Reads blocks back from the device: every metric [steps, cells]."""
  read = [(n, values) for n, values in jax.device_get(list(blocks))]
  return {
    name: np.concatenate([v[name].reshape(len(v[name]), -1)[:, :n].T for n, v in read])
    for name in read[0][1]
  }


def means(metrics: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
  """Means [cells] of metrics [steps, cells], to the bit reproducible.

  They are summed one step after the other, so that the bits depend neither on how steps were cut nor
  on what cells lie beside; what has diverged stays so.
  """
  with np.errstate(all="ignore"):
    sums = {n: np.add.accumulate(v, dtype=np.float64)[-1] for n, v in metrics.items()}
    return {n: (total / len(metrics[n])).astype(np.float32) for n, total in sums.items()}


class History:
  """Metrics and counts per evaluation; on the device until `settle` reads them."""

  def __init__(self) -> None:
    self.steps: list[int] = []
    self.metrics: list[dict[str, np.ndarray]] = []  # name -> [cells]
    self.counts: list[dict[str, Any]] = []  # view -> counts [cells, ...]
    self.probed: list[dict[str, Any]] = []  # what validators need by name, [cells, ...] each
    self.diverged: dict[int, int] = {}  # cell -> first step with a non-finite loss
    # Scores [cells] of the last evaluation by validators that train again, where asked for.
    self.retrained: dict[str, np.ndarray] = {}
    self.labels: Sequence[str] = ()  # of each cell's point; seeds of one point share theirs
    self.output = "classes"  # what is predicted; it decides which counts there are
    self.unknown = False  # whether the last class is that of unknown examples
    self.unseen = False  # whether the target is unseen, so that validators of it say nothing
    self.before = 0.0  # seconds spent by earlier processes, of which this one continues the last
    self.since = 0  # steps since the newest evaluation
    self.final: list[Measured] = []  # by cell: of the probabilities on the target test set
    self.thresholds: list[float | None] = []  # by cell; None: decided by no threshold
    self._blocks: list[Block] = []  # their metrics; fewer steps' where process 0 has the others
    self._waiting: list[tuple[int, list[Block], Any, Any]] = []

  @property
  def done(self) -> int:
    """Steps done, whether an evaluation has been read since or not."""
    settled = self.steps[-1] if self.steps else 0
    return settled + sum(length for length, *_ in self._waiting) + self.since

  def stepped(self, blocks: Sequence[Block]) -> None:
    """Queues the metrics of steps without waiting for them."""
    self._blocks += blocks
    self.since += sum(n for n, _ in blocks)

  def add(self, counts: Any, probed: Any) -> None:
    """Queues the evaluation after the steps so far, without waiting for it."""
    self._waiting.append((self.since, self._blocks, counts, probed))
    self.since, self._blocks = 0, []

  def settle(self, leave: int, report: Report) -> None:
    """Reads all but the newest `leave` entries back and reports each."""
    while len(self._waiting) > leave:
      length, blocks, *waiting = self._waiting.pop(0)
      counts, probed = jax.device_get(waiting)
      metrics, before = per_step(blocks), self.steps[-1] if self.steps else 0
      bad = ~np.isfinite(metrics["loss"])
      for cell in np.flatnonzero(bad.any(0)):
        self.diverged.setdefault(int(cell), before + int(bad[:, cell].argmax()))
      # The last update may spoil the parameters after the last finite loss.
      for cell in np.flatnonzero(~np.isfinite(counts["target_train"].finite)):
        self.diverged.setdefault(int(cell), before + length)
      self.steps.append(before + length)
      self.metrics.append(means(metrics))
      self.counts.append(counts)
      self.probed.append(probed)
      report(self.steps[-1], self)

  def arrays(self) -> dict[str, Any]:
    """Returns all settled entries, stacked over evaluations, for a checkpoint."""

    def stacked(parts: list[Any]) -> Any:
      return jax.tree.map(lambda *values: np.stack(values), *parts)

    arrays: dict[str, Any] = {}
    if self._blocks:
      arrays["since"] = per_step(self._blocks)
    if not self.steps:
      return arrays
    counts = [{view: c._asdict() for view, c in each.items()} for each in self.counts]
    arrays |= {"steps": np.array(self.steps), "metrics": stacked(self.metrics)}
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
    if "since" in arrays:
      steps = len(arrays["since"]["loss"])
      past.stepped([(steps, {n: np.asarray(v).T for n, v in arrays["since"].items()})])
    if "steps" not in arrays:  # saved before the first evaluation
      return past
    past.steps = arrays["steps"].tolist()
    past.diverged = dict(arrays["diverged"].tolist()) if "diverged" in arrays else {}
    for e in range(len(past.steps)):
      kept = arrays["metrics"], arrays["counts"], arrays["probed"]
      metrics, counts, probed = jax.tree.map(lambda x, e=e: x[e], kept)
      past.metrics.append(metrics)
      past.probed.append(probed)
      past.counts.append({view: _counts(each) for view, each in counts.items()})
    return past

  def only(self, cells: slice) -> "History":
    """Returns the history of selected cells, renumbered from 0."""
    past = History()
    past.steps, past.before, past.labels = self.steps, self.before, self.labels[cells]
    past.unknown, past.final = self.unknown, self.final[cells]
    past.thresholds = self.thresholds[cells]
    past.output, past.unseen = self.output, self.unseen
    kept = self.metrics, self.counts, self.probed
    past.metrics, past.counts, past.probed = jax.tree.map(lambda x: x[cells], kept)
    numbers = range(cells.start, cells.stop)
    past.diverged = {c - cells.start: s for c, s in self.diverged.items() if c in numbers}
    return past

  def of(self, view: str, evaluation: int, cell: int) -> Any:
    """Returns the counts of one view, evaluation and cell."""
    return jax.tree.map(lambda x: x[cell], self.counts[evaluation][view])

  def scores(self, cell: int) -> dict[str, list[float]]:
    """Every validator's score of one cell at every evaluation."""
    source, target = (
      [self.of(view, e, cell) for e in range(len(self.steps))]
      for view in ("source_test", "target_train")
    )
    made = validators.scores(
      source, target, [jax.tree.map(lambda x: x[cell], p) for p in self.probed], self.output
    )
    if self.unseen:
      made = {n: made[n] for n in validators.of_sources(self.output) if n in made}
    for name, scores in self.retrained.items():
      made[name] = [math.nan] * (len(self.steps) - 1) + [float(scores[cell])]
    return made

  @property
  def main(self) -> str:
    """The main measure of a cell.

    It is accuracy, of values R², of pixels mIoU, of labels mAP.
    """
    return outputs.main(self.output)

  def mains(self, view: str) -> np.ndarray | None:
    """The main measure [evaluations, cells], or None without such a view."""
    if view not in self.counts[-1]:
      return None
    if self.output == "values":
      return np.stack([value_measures.r2(c[view]) for c in self.counts])
    if self.output == "labels":
      return np.stack([label_measures.mean_precision(c[view]) for c in self.counts])
    confusion = np.stack([c[view].confusion for c in self.counts])  # [e, cells, k, k]
    if self.output == "pixels":
      return pixel_measures.miou(confusion)
    right = np.trace(confusion, axis1=2, axis2=3)
    return np.asarray(right / np.maximum(confusion.sum((2, 3)), 1))

  def dices(self, view: str) -> np.ndarray | None:
    """Dice [evaluations, cells] of pixels; None without such a view."""
    if self.output != "pixels" or view not in self.counts[-1]:
      return None
    return np.array([[pixel_measures.dice(m) for m in c[view].confusion] for c in self.counts])

  def newest(self, target: bool = True) -> dict[str, dict[str, np.ndarray]]:
    """Every measure of the newest evaluation, [cells]; NaN where diverged.

    Args:
      target: whether to add what target test labels say.

    Returns:
      By kind: "train", the loss and the method's metrics; "source", accuracy (R²) on held-out examples;
      "validators", every label-free score; "target", where asked for and known.
    """
    cells = len(self.metrics[-1]["loss"])
    each = [self.scores(c) for c in range(cells)]
    source = self.mains("source_test")
    assert source is not None  # sources have labels
    found: dict[str, dict[str, Any]] = {
      "train": dict(self.metrics[-1]),
      "source": {self.main: source[-1]},
      "validators": {n: [own[n][-1] for own in each] for n in each[0]},
    }
    if target and self.output in ("values", "labels"):
      if (own := self.mains("target_test")) is not None:
        found["target"] = {self.main: own[-1]}
    elif target and "target_test" in self.counts[-1]:
      every = [self._measures(self.of("target_test", -1, c)) for c in range(cells)]
      names = [n for n, value in every[0].items() if isinstance(value, float)]
      found["target"] = {n: [own[n] for own in every] for n in names}
    lost = np.isin(np.arange(cells), list(self.diverged))
    return {
      kind: {n: np.where(lost, math.nan, np.asarray(v, float)) for n, v in named.items()}
      for kind, named in found.items()
    }

  def _measures(self, counts: Any) -> dict[str, Any]:
    if self.output == "pixels":
      return pixel_measures.measures(counts)
    return measures(counts, self.unknown)

  def mean(self, kind: str) -> float | None:
    """Mean of the newest loss or main measure over finite cells.

    `kind` is "loss" or a view.
    """
    values = self.metrics[-1]["loss"]
    if kind != "loss":
      of_view = self.mains(kind)
      if of_view is None:
        return None
      values = of_view[-1]
    alive = [v for c, v in enumerate(values) if c not in self.diverged]
    return float(np.mean(alive)) if alive else math.nan

  def means(self, cells: int) -> dict[str, float]:
    """Averages the newest label-free measures over the first `cells`, if finite.

    The method's metrics, accuracy on held-out source examples, and validators that need no other
    evaluation; no target label is read.
    """
    found = self.newest(target=False)
    named = {**found["train"], f"source_{self.main}": found["source"][self.main]}
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


_KINDS = (Counts, ValueCounts, PixelCounts, LabelCounts)


def _counts(arrays: dict[str, Any]) -> Any:
  """Counts of an output kind, from their fields."""
  return next(kind for kind in _KINDS if set(kind._fields) == set(arrays))(**arrays)
