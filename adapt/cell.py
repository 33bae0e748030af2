"""Trains one compiled program from start to end, with evaluation on the way."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import data, history, parallel, weights
from adapt.data import resident
from adapt.evaluate import Blocks, blocks, pooled
from adapt.method import Method
from adapt.program import Mapped, Program, Spec, keys, program
from adapt.request import Choice, Point, Request

# (steps done, mean loss over cells, mean target accuracy or None)
Report = Callable[[int, float, float | None], None]

_SHOWN = 2000  # examples at most for the label-free scores and for source accuracy
_POINTS = 500  # examples of each domain kept for pictures


class Material(NamedTuple):
  """A task's data, checked."""

  sources: tuple[data.Domain, ...]
  target: data.Domain
  hashes: dict[str, str]

  @property
  def classes(self) -> tuple[str, ...]:
    """Class names; the source's, as a target may come without labels."""
    return max((d.classes for d in self.sources), key=len)


class Trained(NamedTuple):
  """A finished program."""

  mapped: Mapped
  past: history.History
  points: dict[
    str, np.ndarray
  ]  # features [cells, n, d], label [n], domain [n], predicted [cells, n]
  seconds: dict[str, float]


def train(
  request: Request,
  method: Method,
  missing: Sequence[Point],
  material: Material,
  start: Any,
  report: Report,
) -> Trained:
  """Trains all cells (points × seeds) in one program.

  Args:
    request: settings, seeds, layout, weights and tuning are read.
    method: its traits.
    missing: the points to run; they differ in float hyper-parameters only.
    material: the data.
    start: (params, stats) per cell to start from, or () to start from scratch.
    report: called once per evaluation.
  """
  began, compiled = time.perf_counter(), history.compile_seconds()
  settings, layout = request.settings, request.layout
  static, floats = _split(missing)
  cells = program(
    Spec(
      request.method,
      static,
      settings._replace(lr=0.0, shots=0, evaluations=0),  # none of these shapes the program
      len(material.classes),
      (request.tuning.name, tuple(sorted(request.tuning.given.items()))),
      layout,
      start != (),
    )
  )
  arrays, labelled = _arrays(request, method, material, len(missing))
  prepared = time.perf_counter() - began
  swept = {k: jnp.repeat(jnp.asarray(v), len(request.seeds)) for k, v in floats.items()}
  example = _example(settings.batch_size, arrays, labelled)
  ts = cells.init(keys(request.seeds * len(missing)), swept, start, example)
  mapped = parallel.put_stacked(layout, Mapped(ts, swept, labelled))
  arrays = parallel.put_shared(layout, arrays)
  views = _views(material)
  past = history.History()
  for length in _lengths(settings.steps, settings.evaluations):
    mapped, metrics = cells.chunk(length)(mapped, arrays)
    if method.refresh is not None:
      mapped = cells.refresh(mapped, arrays)
    now = parallel.fetch(layout, mapped)
    counts = {name: pooled(cells.counts, now, view) for name, view in views.items()}
    # The device is given the next chunk before the host reads this one's numbers.
    past.add(length, parallel.fetch(layout, metrics), counts)
    past.settle(leave=1, report=report)
  past.settle(leave=0, report=report)
  total, compiled = time.perf_counter() - began, history.compile_seconds() - compiled
  now = parallel.fetch(layout, mapped)
  seconds = _seconds(cells, now, views, len(past.steps), total - prepared, compiled)
  seconds |= {"prepare": prepared, "total": total}
  return Trained(now, past, _points(cells, now, material), seconds)


def _seconds(
  cells: Program, now: Mapped, views: dict[str, Blocks], times: int, total: float, compiled: float
) -> dict[str, float]:
  """Where the time went. Evaluation is timed apart, as it overlaps with training on an accelerator."""

  def timed(over: Blocks) -> float:
    began = time.perf_counter()
    jax.block_until_ready(pooled(cells.counts, now, over))
    return time.perf_counter() - began

  each = {name: timed(view) for name, view in views.items()}
  name = "target_test" if "target_test" in views else "target_train"
  n = views[name].examples * len(now.ts.step)
  evaluate = sum(each.values()) * times
  return {
    "compile": compiled,
    "train": max(total - compiled - evaluate, 1e-9),
    "evaluate": evaluate,
    "total": total,
    "predict_1000": each[name] / n * 1000,
  }


def _lengths(steps: int, evaluations: int) -> list[int]:
  ends = np.linspace(0, steps, min(evaluations, steps) + 1).round().astype(int)
  return np.diff(ends).tolist()


def _split(missing: Sequence[Point]) -> tuple[tuple[tuple[str, Any], ...], dict[str, list[float]]]:
  """Floats go in as arrays, so that all their values share one program; the rest is compiled in."""
  first = missing[0].hyperparameters
  static = tuple((n, v) for n, v in first.items() if not isinstance(v, float))
  names = [n for n, v in first.items() if isinstance(v, float)]
  floats = {n: [p.hyperparameters[n] for p in missing] for n in names}
  return static, {**floats, "lr": [p.lr for p in missing]}


def _arrays(
  request: Request, method: Method, material: Material, copies: int
) -> tuple[resident.Arrays, resident.Labelled | None]:
  sources, target = material.sources, material.target
  xs = np.concatenate([d.train.x for d in sources])
  ys = np.concatenate([np.asarray(d.train.y) for d in sources])
  ds = np.repeat(np.arange(len(sources)), [len(d.train.x) for d in sources]).astype(np.int32)
  ws = np.ones(len(xs), np.float32)
  if request.weights:
    ws = _weights(request.weights, xs, ys, target.train.x)
  arrays = resident.Arrays(*jax.device_put((xs, ys, ws, ds, target.train.x)))
  if "all_labelled" in method.reads:
    rows = [np.arange(len(target.train.x))] * len(request.seeds)
  elif "labelled" in method.reads:
    assert target.train.y is not None  # check_pair has seen to it
    rows = [data.few_shot(target.train.y, request.settings.shots, s) for s in request.seeds]
  else:
    return arrays, None
  stacked = np.tile(np.stack(rows).astype(np.int32), (copies, 1))
  return arrays, resident.Labelled(
    jnp.asarray(stacked), jnp.asarray(np.asarray(target.train.y)[stacked])
  )


def _weights(choice: Choice, xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> np.ndarray:
  def flat(x: np.ndarray) -> np.ndarray:
    scaled = x / np.float32(255) if x.dtype == np.uint8 else x
    return scaled.reshape(len(x), -1).astype(np.float32)

  return weights.get(choice.name)(flat(xs), ys, flat(xt), **dict(choice.given))


def _example(batch: int, arrays: resident.Arrays, labelled: resident.Labelled | None) -> Any:
  """A batch to take shapes from."""
  first = None if labelled is None else jax.tree.map(lambda x: x[0], labelled)
  rows = jnp.arange(batch)
  few = None if first is None else rows % len(first.rows)
  return resident.take(arrays, first, (rows % len(arrays.xs), rows % len(arrays.xt), few))


def _views(material: Material) -> dict[str, Blocks]:
  """What is looked at on the way; only the target's test split comes with target labels."""
  chosen = np.random.default_rng(0)
  xs = np.concatenate([d.test.x for d in material.sources])
  ys = np.concatenate([np.asarray(d.test.y) for d in material.sources])
  some = chosen.permutation(len(xs))[:_SHOWN]
  inputs = material.target.train.x
  few = chosen.permutation(len(inputs))[:_SHOWN]
  views = {"source_test": blocks(xs[some], ys[some]), "target_train": blocks(inputs[few], None)}
  if material.target.test.y is not None:
    views["target_test"] = blocks(material.target.test.x, material.target.test.y)
  return views


def _points(cells: Program, mapped: Mapped, material: Material) -> dict[str, np.ndarray]:
  """Features and predictions of some test examples; drawn, because a set may be sorted by class."""
  chosen, x, y = np.random.default_rng(0), [], []
  for split in material.sources[0].test, material.target.test:
    rows = np.sort(chosen.permutation(len(split.x))[:_POINTS])
    x.append(split.x[rows])
    y.append(np.full(len(rows), -1, np.int32) if split.y is None else split.y[rows])
  features, logits = jax.device_get(cells.outputs(mapped, np.concatenate(x)))
  return {
    "features": features.astype(np.float16),
    "label": np.concatenate(y),
    "domain": np.repeat([0, 1], [len(v) for v in x]),
    "predicted": logits.argmax(-1),
  }
