"""Evaluates every cell on its task's data, during and after training."""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from adapt.evaluation import (
  class_measures,
  decision,
  label_measures,
  model_scores,
  pixel_measures,
  value_measures,
)
from adapt.evaluation.metrics import Blocks, Counts, blocks, looked
from adapt.training import probe
from adapt.training.joint_tasks import Part, spans
from adapt.training.program import Mapped, Program
from adapt.training.task_data import TaskData

_POINTS = 500  # examples of each domain kept for pictures
_OF_PIXELS = 3  # dimensions of labels [n, h, w]
_OVERLAID = 4  # target images kept with their predicted pixels

Views = dict[str, Blocks]
Took = dict[str, float]  # seconds by view, and of what validators need
_Found = TypeVar("_Found")


def at(
  cells: Program,
  parts: Sequence[Part],
  views: Sequence[Views],
  now: Mapped,
  took: Took | None = None,
) -> tuple[dict[str, Counts], dict[str, Any]]:
  """Evaluates all cells: counts of every view and inputs of validators.

  Nothing is read back from the device.

  Args:
    cells: the program.
    parts: what it trains.
    views: of each part.
    now: all cells.
    took: if given, each activity is waited for, and its seconds are added here.
  """
  if took is not None:
    jax.block_until_ready(now)
  found = [_seen(cells, own, mine, took) for own, mine in zip(each(parts, now), views, strict=True)]
  return found[0] if len(found) == 1 else jax.tree.map(lambda *x: jnp.concatenate(x), *found)


def each(parts: Sequence[Part], now: Mapped) -> Iterator[Mapped]:
  """Yields one part's cells at a time, as slices are copies."""
  for span in spans(parts):
    yield now if len(parts) == 1 else jax.tree.map(lambda x, span=span: x[span], now)


def _seen(
  cells: Program, now: Mapped, views: Views, took: Took | None
) -> tuple[dict[str, Any], dict[str, Any]]:
  """Counts every view and computes what validators need of their first outputs."""
  counts: dict[str, Any] = {}
  seen: dict[str, Any] = {}
  for name, view in views.items():
    most = 0 if name == "target_test" else probe.SHOWN
    made = functools.partial(_looked, cells, now, view, most)
    counts[name], seen[name] = _timed(made, name, took)
  return counts, _timed(lambda: _probed(cells, now, views, seen), "select", took)


def _looked(cells: Program, now: Mapped, view: Blocks, most: int) -> tuple[Any, list[Any]]:
  """Counts a view and keeps the outputs of its first `most` examples."""
  ranks = label_measures.marks(view.y[0])
  counts: Any
  counts, kept = looked(cells.look, now, view, view.examples if ranks else most)
  if not ranks:
    return counts, kept
  # All at once: no block ranks the others' examples.
  ranked = label_measures.ranked(counts, [each for _, each in kept], view.y, view.valid)
  return ranked, kept[: -(-most // len(view.y[0]))]


def _timed(made: Callable[[], _Found], name: str, took: Took | None) -> _Found:
  """Calls it; where seconds are asked for, waits for all it makes."""
  if took is None:
    return made()
  began = time.perf_counter()
  # Also for what is not used, or it runs on in the next one.
  found: _Found = jax.block_until_ready(made())
  took[name] = took.get(name, 0.0) + time.perf_counter() - began
  return found


def _probed(cells: Program, now: Mapped, views: Views, seen: dict[str, Any]) -> dict[str, Any]:
  """Computes what validators need from labelled source and unlabelled target examples."""
  source, target = (views[name] for name in ("source_test", "target_train"))
  fs, ft = seen["source_test"], seen["target_train"]
  sizes = min(source.examples, probe.SHOWN), min(target.examples, probe.SHOWN)
  xt = list(target.x)[: len(ft)]
  ys = [pixel_measures.thinned(y) if y.ndim == _OF_PIXELS else y for y in source.y[: len(fs)]]
  return probe.probed(cells.outputs_each, now, fs, ys, ft, xt, sizes, cells.output)


def final(
  cells: Program, parts: Sequence[Part], views: Sequence[Views], now: Mapped
) -> tuple[list[float | None], list[class_measures.Measured]]:
  """Each cell's threshold, and exact measures on the target test set.

  A threshold is None where nothing is decided by it, or outputs are not finite.
  Measures are empty without labels. Of pixels there are none: their counts say all.
  """
  at: list[float | None] = []
  found: list[class_measures.Measured] = []
  for part, own, mine in zip(parts, each(parts, now), views, strict=True):
    rule = part.setup.decision
    chosen: list[float | None] = [None] * part.cells
    if rule != decision.ARGMAX:
      chosen = [_threshold(rule, *one) for one in _outputs(cells, own, mine["source_test"])]
    at += chosen
    if part.data.output == "pixels":
      found += [{}] * part.cells
    elif "target_test" in mine:
      shown = _outputs(cells, own, mine["target_test"])
      found += [_measured(part.data, *one, t) for one, t in zip(shown, chosen, strict=True)]
  return at, found


def _outputs(cells: Program, own: Mapped, view: Blocks) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Each cell's outputs of a view, and the labels."""
  blocks_of = zip(view.x, view.y, view.valid, strict=True)
  logits = np.concatenate(
    [jax.device_get(cells.look(own, *block)[1][1]) for block in blocks_of], axis=1
  )
  labels = np.concatenate(jax.device_get(view.y))[: view.examples]
  for one in logits:
    yield one[: view.examples], labels


def _threshold(rule: str, logits: np.ndarray, labels: np.ndarray) -> float | None:
  return decision.threshold(rule, logits, labels) if np.isfinite(logits).all() else None


def _measured(
  data: TaskData, outputs: np.ndarray, labels: np.ndarray, at: float | None = None
) -> class_measures.Measured:
  if data.output == "labels":
    return label_measures.of_logits(outputs, labels)
  if data.scale is None:
    said = decision.moved(outputs, at)
    of_groups = class_measures.of_groups(said, labels, data.target.groups)
    decided = {} if at is None else {"decided": decision.confusion(said, labels)}
    return class_measures.of_logits(outputs, labels) | of_groups | decided
  return value_measures.of_predictions(data.scale.undone(outputs), data.scale.undone(labels))


def ends(
  cells: Program, mapped: Mapped, data: TaskData
) -> tuple[dict[str, np.ndarray], list[dict[str, float]]]:
  """What is kept of trained cells: `examples` and `scored`."""
  return examples(cells, mapped, data), scored(cells, mapped, data)


def scored(cells: Program, mapped: Mapped, data: TaskData) -> list[dict[str, float]]:
  """Each cell's label-free scores of its accuracy in the target.

  Of randomly drawn held-out source examples and target training examples, without the target's labels.
  Empty where something else than classes is predicted, the target is unseen, or its classes may be unknown.
  """
  if data.output != "classes" or data.unknown or data.unseen:
    return []
  chosen, x, ys = np.random.default_rng(0), [], []
  most = -(-_POINTS // len(data.sources))
  for split in (*(s.test for s in data.sources), data.target.train._replace(y=None)):
    rows = np.sort(chosen.permutation(len(split.x))[: _POINTS if split.y is None else most])
    x.append(split.x[rows])
    ys += [] if split.y is None else [split.y[rows]]
  labels, shown = np.concatenate(ys), blocks(np.concatenate(x), None)
  each = zip(shown.x, shown.y, shown.valid, strict=True)
  parts = [jax.device_get(cells.look(mapped, *block)[1][1]) for block in each]
  logits = np.concatenate(parts, axis=1)[:, : shown.examples]
  n = len(labels)
  return [model_scores.of_logits(own[:n], labels, own[n:]) for own in logits]


def seconds(
  seen: tuple[Program, Sequence[Part], Sequence[Views], Mapped],
  took: Took,
  times: int,
  running: float,
) -> dict[str, float]:
  """Splits a run's seconds by activity, without preparation and compilation.

  One evaluation is timed apart, as the others overlap with training on an accelerator.

  Args:
    seen: what `at` is given.
    took: seconds of one evaluation by activity, as `at` notes them; one is made here if none was timed,
      as a run had one alone, or stopped early.
    times: evaluations.
    running: seconds of all that.
  """
  _, parts, views, _ = seen
  if not took:
    at(*seen, took)
  name = "target_test" if "target_test" in took else "target_train"
  having = [(own, part) for own, part in zip(views, parts, strict=True) if name in own]
  n = sum(own[name].computed * part.cells for own, part in having)
  selecting = took["select"] * times
  evaluate = sum(took.values()) * times - selecting
  return {
    "train": max(running - evaluate - selecting, 1e-9),
    "evaluate": evaluate,
    "select": selecting,
    "predict_1000": took[name] / n * 1000,
  }


def examples(cells: Program, mapped: Mapped, data: TaskData) -> dict[str, np.ndarray]:
  """Features and predictions of randomly drawn test examples.

  They are drawn because a set may be sorted by class. Of pixels, features alone have a place for each
  example, and a few target images are there with their true and predicted pixels.
  """
  chosen, x, y = np.random.default_rng(0), [], []
  for split in data.sources[0].test, data.target.test:
    rows = np.sort(chosen.permutation(len(split.x))[:_POINTS])
    x.append(split.x[rows])
    # Pictures show values of the first number alone, and no picture shows labels.
    y.append(
      np.full(len(rows), -1, np.int32)
      if split.y is None or data.output in ("pixels", "labels")
      else split.y[rows].reshape(len(rows), -1)[:, 0]
    )
  shown = blocks(np.concatenate(x), None)
  parts = [
    jax.device_get(cells.look(mapped, *block)[1])
    for block in zip(shown.x, shown.y, shown.valid, strict=True)
  ]
  features, logits = (np.concatenate(p, axis=1) for p in zip(*parts, strict=True))
  found = {
    "features": features[:, : shown.examples].astype(np.float16),
    "label": np.concatenate(y),
    "domain": np.repeat([0, 1], [len(v) for v in x]),
  }
  if data.output == "labels":
    return found
  if data.output == "pixels":
    return found | _overlaid(cells, mapped, data)
  every = logits[:, : shown.examples]
  if (
    data.output == "classes" and every.shape[-1] == 2
  ):  # of two classes pictures show all thresholds
    found["score"] = (every[..., 1] - every[..., 0]).astype(np.float32)
  return found | {"predicted": every.argmax(-1) if data.scale is None else every[..., 0]}


def _overlaid(cells: Program, mapped: Mapped, data: TaskData) -> dict[str, np.ndarray]:
  """Evenly spaced target test images [m, h, w, c], their labels and what each cell predicts."""
  split = data.target.test
  rows = np.unique(np.linspace(0, len(split.x) - 1, _OVERLAID).round().astype(int))
  images = np.asarray(split.x[rows])
  logits = jax.device_get(cells.outputs(mapped, jnp.asarray(images))[1])
  found = {"images": images, "predicted": logits.argmax(-1).astype(np.int16)}  # [cells, m, h, w]
  return found if split.y is None else {**found, "truth": split.y[rows].astype(np.int16)}
