"""The record of a finished run, made from its history."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from adapt import outputs, validators
from adapt.evaluation import pixel_measures, stacked
from adapt.evaluation.class_measures import of_confusion
from adapt.evaluation.decision import ARGMAX
from adapt.evaluation.metrics import Counts, measures, wilson
from adapt.experiments import stacked_table
from adapt.experiments.experiment import Experiment
from adapt.records import record, started
from adapt.training.history import History
from adapt.training.label_scale import Scale
from adapt.training.setup import Point


def as_record(
  experiment: Experiment,
  point: Point,
  config: dict[str, Any],
  examples: dict[str, int],
  classes: Sequence[str],
  past: History,
  cells: Sequence[int],
  seconds: dict[str, float],
  scale: Scale | None = None,
) -> dict[str, Any]:
  """The record of one point.

  `cells` are its places in the program, one per seed.

  `scale` is what has standardised the labels where they are values.

  Numbers of a diverged seed are null, so that no mean can hide it.
  """
  alive = [c for c in cells if c not in past.diverged]
  part = len(cells) / len(past.metrics[0]["loss"])  # of a program that several points share
  share = {k: v * part for k, v in seconds.items() if k != "predict_1000"}
  return {
    "format": record.FORMAT,
    "suite": experiment.suite.name,
    "task": experiment.task.name,
    "label": point.label,
    "method": experiment.method.name,
    "config": config,
    "protocol": experiment.suite.protocol,
    "examples": examples,
    "classes": list(classes),
    **({"recipe": experiment.recipe._asdict()} if experiment.recipe else {}),
    **_output(experiment, scale),
    **_decision(experiment, past, cells),
    **_measured(past, cells, alive, experiment.task.unknown),
    **_chosen(past, cells, alive, experiment.validator, experiment.task.unknown),
    "curves": _curves(past, cells, alive),
    "diverged": {
      str(seed): past.diverged[c]
      for seed, c in zip(experiment.seeds, cells, strict=True)
      if c in past.diverged
    },
    "seconds": share,
    "images_per_second": experiment.settings.steps * examples["step"] * len(cells) / share["train"],
    "prediction_ms_per_1000": 1000 * seconds["predict_1000"],
    "environment": record.environment(list(experiment.sources.values())),
    "command": started.shown(),
    "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
  }


def _measured(
  past: History, cells: Sequence[int], alive: Sequence[int], unknown: bool
) -> dict[str, Any]:
  nothing: dict[str, Any] = {"last": None, "confusion": None, "bins": None, "interval": None}
  if "target_test" not in past.counts[-1]:
    return nothing
  if past.output in ("values", "labels"):  # all is counted from kept predictions
    own = outputs.measures(past.output)
    last = {n: [past.final[c][n] if c in alive else None for c in cells] for n in own}
    return {**nothing, "last": last}
  if past.output == "pixels":
    return {**nothing, **_of_pixels(past, cells, alive)}
  counts = {c: _decided(past, c) for c in alive}
  each = {
    c: measures(counts[c], unknown) | of_confusion(np.asarray(counts[c].confusion)) | past.final[c]
    for c in alive
  }
  names = [n for n in next(iter(each.values()), {}) if n != "decided"]
  return {
    "last": {n: [each[c][n] if c in each else None for c in cells] for n in names},
    "confusion": [counts[c].confusion.astype(int) if c in counts else None for c in cells],
    "bins": [counts[c].bins if c in counts else None for c in cells],
    "interval": {"accuracy": [_interval(counts[c]) if c in counts else None for c in cells]},
  }


def _decided(past: History, cell: int) -> Counts:
  """Counts of the target test set, by the threshold where there is one."""
  counts: Counts = past.of("target_test", -1, cell)
  decided = past.final[cell].get("decided")
  return counts if decided is None else counts._replace(confusion=decided)


def _of_pixels(past: History, cells: Sequence[int], alive: Sequence[int]) -> dict[str, Any]:
  counts = {c: past.of("target_test", -1, c) for c in alive}
  each = {c: pixel_measures.measures(own) for c, own in counts.items()}
  names = next(iter(each.values()), {})
  return {
    "last": {n: [each[c][n] if c in each else None for c in cells] for n in names},
    "confusion": [counts[c].confusion.astype(int) if c in counts else None for c in cells],
  }


def majority(past: History, cell: int, classes: Sequence[str]) -> dict[str, Any]:
  """The most frequent class of the held-out source examples.

  Its share is what a network reaches blindly.
  """
  sizes = np.asarray(past.of("source_test", -1, cell).confusion, np.float64).sum(axis=1)
  most, n = int(sizes.argmax()), int(sizes.sum())
  return {"class": classes[most], "share": float(sizes[most]) / n, "examples": n}


def expected(
  experiment: Experiment,
  scores: Sequence[dict[str, float]],
  past: History,
  cells: Sequence[int],
) -> dict[str, list[float | None]] | None:
  """Expected target accuracy, without target labels, and its scores.

  A list by seed of `value`, `low`, `high` and each score. None unless source and target have the same
  classes.
  """
  closed = bool(scores) and experiment.task.relation == "closed"
  each = [{} if c in past.diverged else scores[c] for c in cells] if closed else []
  if not any(each):
    return None
  names = next(own for own in each if own)
  found = [stacked.expected(stacked_table.ADAPTED, own) for own in each]
  return {
    **{n: [None if f is None else getattr(f, n) for f in found] for n in stacked.Interval._fields},
    **{n: [own.get(n) for own in each] for n in names},
  }


def _output(experiment: Experiment, scale: Scale | None) -> dict[str, Any]:
  """What is predicted, and in which unit; classes are not said."""
  if outputs.kind(experiment.output) == "classes":
    return {}
  unit = {} if scale is None else scale._asdict()
  return {"output": {"name": outputs.kind(experiment.output), **unit}}


def _decision(experiment: Experiment, past: History, cells: Sequence[int]) -> dict[str, Any]:
  """How one of two classes is decided, and each seed's threshold; argmax is not said."""
  if experiment.decision == ARGMAX:
    return {}
  return {
    "decision": {"rule": experiment.decision, "threshold": [past.thresholds[c] for c in cells]}
  }


def _number(value: float) -> float | None:
  return float(value) if np.isfinite(value) else None


def _interval(counts: Counts) -> list[float]:
  """Where the accuracy of such models lies, with 95 % confidence, by the size of the test set."""
  confusion = np.asarray(counts.confusion, np.float64)
  return list(wilson(float(np.diag(confusion).sum()), float(confusion.sum())))


def _chosen(
  past: History, cells: Sequence[int], alive: Sequence[int], validator: str, unknown: bool
) -> dict[str, Any]:
  """Selected and oracle checkpoints, and every validator's score at every evaluation.

  With unknown classes both have their H-score too, and the oracle's is the best.
  """
  each = [past.scores(c) for c in cells]
  scores = {name: [own[name] for own in each] for name in each[0]}
  accuracy = past.mains("target_test")
  result: dict[str, Any] = {"selected": None, "oracle": None, "validators": scores}
  if accuracy is None:
    return result

  shown = {past.main: accuracy}
  if unknown:
    shown = {"h_score": past.measured("target_test", "h_score"), **shown}
  headline = next(iter(shown.values()))

  def at(best: dict[int, int]) -> dict[str, Any]:
    values = {
      name: [_number(v[best[c], c]) if c in best else None for c in cells]
      for name, v in shown.items()
    }
    return {"step": [past.steps[best[c]] if c in best else None for c in cells], **values}

  preferred = {c: validators.best(scores[validator][i]) for i, c in enumerate(cells) if c in alive}
  picked = {c: e for c, e in preferred.items() if e is not None}
  result["selected"] = {"validator": validator, **at(picked)}
  known = {c: np.where(np.isnan(headline[:, c]), -np.inf, headline[:, c]) for c in alive}
  result["oracle"] = at({c: int(own.argmax()) for c, own in known.items()})
  return result


def _curves(past: History, cells: Sequence[int], alive: Sequence[int]) -> dict[str, Any]:
  curves: dict[str, Any] = {"step": past.steps}
  for name in past.metrics[0]:
    values = np.stack([m[name] for m in past.metrics])  # [evaluations, cells]
    curves[name] = [values[:, c].tolist() for c in cells]
  sides = {f"{s}_{past.main}": past.mains(f"{s}_test") for s in ("source", "target")}
  for name, found in {**sides, "target_dice": past.dices("target_test")}.items():
    if found is not None:
      curves[name] = [found[:, c].tolist() if c in alive else None for c in cells]
  return curves
