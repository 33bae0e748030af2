"""Trains one compiled program from start to end, with evaluation on the way."""

import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import feed, history, inputs, parallel, private
from adapt.evaluate import Blocks, blocks, pooled
from adapt.material import Material
from adapt.method import Method
from adapt.program import Mapped, Program, Spec, keys, program
from adapt.request import Point, Request, traits

# (steps done, mean loss over cells, mean target accuracy or None)
Report = Callable[[int, float, float | None], None]

_POINTS = 500  # examples of each domain kept for pictures


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
  layout, cells = request.layout, program_of(request, missing, material, start != ())
  mapped, arrays, fed = placed(request, method, missing, material, start, cells)
  prepared, compiled_before = time.perf_counter() - began, history.compile_seconds()
  views = inputs.views_of(material)
  past = history.History()
  try:
    for length in _lengths(material.settings.steps, material.settings.evaluations):
      mapped, metrics = fed.advance(mapped, length)
      if method.refresh is not None:
        mapped = cells.refresh(mapped, arrays)
      now = parallel.fetch(layout, mapped)
      counts = {name: pooled(cells.counts, now, view) for name, view in views.items()}
      # The device is given the next chunk before the host reads this one's numbers.
      past.add(length, metrics, counts)
      past.settle(leave=1, report=report)
    past.settle(leave=0, report=report)
  finally:
    fed.close()
  total, ended = time.perf_counter() - began, history.compile_seconds()
  now = parallel.fetch(layout, mapped)
  running = total - prepared - (ended - compiled_before)
  seconds = _seconds(cells, now, views, len(past.steps), running)
  seconds |= {"prepare": prepared, "input_wait": fed.waited(), "total": total}
  seconds |= {"compile": ended - compiled}
  return Trained(now, past, _points(cells, now, material), seconds)


def program_of(
  request: Request, missing: Sequence[Point], material: Material, warm: bool = False
) -> Program:
  """The compiled program of these points."""
  static, _ = _split(missing)
  # None of these shapes the program.
  settings = material.settings._replace(lr=0.0, shots=0, evaluations=0)
  way = request.tuning.name, tuple(sorted(request.tuning.given.items()))
  classes, unknown = len(material.classes), request.task.unknown
  dp = request.dp if _private(request, missing) else None
  return program(
    Spec(request.method, static, settings, classes, way, request.layout, warm, unknown, dp)
  )


def _private(request: Request, missing: Sequence[Point]) -> bool:
  """Whether the gradients are to be; other methods make what they do of a private source model."""
  return bool(request.dp) and traits(request.method, missing[0].hyperparameters).by_example


def placed(
  request: Request,
  method: Method,
  missing: Sequence[Point],
  material: Material,
  start: Any,
  cells: Program,
) -> tuple[Mapped, Any, feed.Feed]:
  """The state before the first step and what training reads, on the device."""
  layout, copies = request.layout, len(missing)
  streamed = feed.streams(request, method, material.sources, material.target)
  arrays, labelled = inputs.arrays_of(request, method, material, copies, streamed)
  _, floats = _split(missing)
  swept = {k: jnp.repeat(jnp.asarray(v), len(request.seeds)) for k, v in floats.items()}
  if _private(request, missing):
    swept["secret"] = private.unguessable(copies * len(request.seeds))
  example = inputs.example_of(material, arrays, labelled)
  ts = cells.init(keys(request.seeds * copies), swept, start, material.backbone, example)
  mapped = parallel.put_stacked(layout, Mapped(ts, swept, labelled))
  arrays = parallel.put_shared(layout, arrays)
  if not streamed:
    return mapped, arrays, feed.from_device(cells, layout, arrays)
  load = inputs.loader_of(request, material, labelled)
  return mapped, arrays, feed.from_host(request, cells, arrays, load, copies)


def _seconds(
  cells: Program, now: Mapped, views: dict[str, Blocks], times: int, running: float
) -> dict[str, float]:
  """Where the time went, of what ran after preparing and without compiling.

  Evaluation is timed apart, as it overlaps with training on an accelerator.
  """

  def timed(over: Blocks) -> float:
    began = time.perf_counter()
    jax.block_until_ready(pooled(cells.counts, now, over))
    return time.perf_counter() - began

  each = {name: timed(view) for name, view in views.items()}
  name = "target_test" if "target_test" in views else "target_train"
  n = views[name].computed * len(now.ts.step)
  evaluate = sum(each.values()) * times
  return {
    "train": max(running - evaluate, 1e-9),
    "evaluate": evaluate,
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


def _points(cells: Program, mapped: Mapped, material: Material) -> dict[str, np.ndarray]:
  """Features and predictions of some test examples; drawn, because a set may be sorted by class."""
  chosen, x, y = np.random.default_rng(0), [], []
  for split in material.sources[0].test, material.target.test:
    rows = np.sort(chosen.permutation(len(split.x))[:_POINTS])
    x.append(split.x[rows])
    y.append(np.full(len(rows), -1, np.int32) if split.y is None else split.y[rows])
  shown = blocks(np.concatenate(x), None)
  parts = [jax.device_get(cells.outputs(mapped, block)) for block in shown.x]
  features, logits = (np.concatenate(p, axis=1) for p in zip(*parts, strict=True))
  return {
    "features": features[:, : shown.examples].astype(np.float16),
    "label": np.concatenate(y),
    "domain": np.repeat([0, 1], [len(v) for v in x]),
    "predicted": logits[:, : shown.examples].argmax(-1),
  }
