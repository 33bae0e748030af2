"""Trains one compiled program from start to end, with evaluation on the way."""

import contextlib
import functools
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import (
  checkpoint,
  feed,
  history,
  hosts,
  inputs,
  parallel,
  private,
  select,
  sparse,
  stopping,
)
from adapt.data import resident
from adapt.evaluate import Blocks, Counts, blocks, looked
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
  saved: checkpoint.Checkpoints | checkpoint.Elsewhere | None = None,
) -> Trained:
  """Trains all cells (points × seeds) in one program.

  Args:
    request: settings, seeds, layout, weights and tuning are read.
    method: its traits.
    missing: the points to run; they differ in float hyper-parameters only.
    material: the data.
    start: (params, stats) per cell to start from, or () to start from scratch.
    report: called once per evaluation.
    saved: where to save on the way, and to continue from what is there.

  Raises:
    stopping.Stopped: a signal came, and what is done is saved.
  """
  began, compiled = time.perf_counter(), history.compile_seconds()
  cells = program_of(request, missing, material, start != ())
  layout = layout_of(request, missing)
  found = saved.newest() if saved else None
  past = found.past if found else history.History()
  past.steps = hosts.agreed(lambda: past.steps)  # of the rest, only process 0 makes records
  mapped, arrays, fed = placed(request, method, missing, material, start, cells, found)
  prepared, compiled_before = time.perf_counter() - began, history.compile_seconds()
  views = inputs.views_of(material, pack=arrays.xs is not None and sparse.packed(arrays.xs))
  lengths = _lengths(material.settings.steps, material.settings.evaluations)
  with contextlib.closing(fed), stopping.deferred() as told:
    for length in lengths[len(past.steps) :]:
      mapped, metrics = fed.advance(mapped, length)
      if method.refresh is not None:
        mapped = parallel.settled(layout, cells.refresh(mapped, arrays))
      now = parallel.fetch(layout, mapped)
      counts, seen = _looked(cells, now, views)
      # The device is given the next chunk before the host reads this one's numbers.
      probed = _probed(cells, now, views, seen)
      past.add(length, metrics, *parallel.settled(layout, (counts, probed)))
      stop = saved is not None and hosts.anyone(told())  # all at the same evaluation
      past.settle(leave=1, report=report)
      if saved and (stop or saved.due()):
        past.settle(leave=0, report=report)
        saved.save(now, past, time.perf_counter() - began)
        if stop:
          done = hosts.agreed(saved.finish)
          raise stopping.Stopped(f"{done} of {material.settings.steps} steps are saved")
    past.settle(leave=0, report=report)
  total, ended = past.before + time.perf_counter() - began, history.compile_seconds()
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
    Spec(
      request.method, static, settings, classes, way, layout_of(request, missing), warm, unknown, dp
    )
  )


def layout_of(request: Request, missing: Sequence[Point]) -> parallel.Layout:
  """How the program of these points is spread."""
  return parallel.of_cells(request.layout, len(missing) * len(request.seeds))


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
  found: checkpoint.Saved | None = None,
) -> tuple[Mapped, Any, feed.Feed]:
  """The state before the next step and what training reads, on the device."""
  layout, copies = layout_of(request, missing), len(missing)
  streamed = hosts.agreed(lambda: feed.streams(request, method, material.sources, material.target))
  arrays, labelled = inputs.arrays_of(request, method, material, copies, streamed)
  if request.weights:
    arrays = arrays._replace(ws=hosts.same(arrays.ws))
  _, floats = _split(missing)
  swept = {k: jnp.repeat(jnp.asarray(v), len(request.seeds)) for k, v in floats.items()}
  if _private(request, missing):
    swept["secret"] = private.unguessable(copies * len(request.seeds))
  example = inputs.example_of(material, arrays, labelled)
  ts = cells.init(keys(request.seeds * copies), swept, start, material.backbone, example)
  mapped = Mapped(ts, swept, labelled)
  mapped = hosts.same(mapped, lambda: found.filling(mapped) if found else mapped)
  mapped = parallel.put_stacked(layout, mapped)
  if request.feed.kind == "auto" and not request.dp:
    arrays = _packed(cells, method, layout, mapped, arrays)
  arrays = parallel.put_shared(layout, arrays)
  if not streamed:
    return mapped, arrays, feed.from_device(cells, layout, arrays)
  load = inputs.loader_of(request, material, labelled)
  done = hosts.agreed(lambda: found.past.steps[-1] if found else 0)
  request = request._replace(layout=layout)
  return mapped, arrays, feed.from_host(request, cells, arrays, load, copies, done)


def _packed(
  cells: Program, method: Method, layout: parallel.Layout, mapped: Mapped, arrays: resident.Arrays
) -> resident.Arrays:
  """Inputs as packed rows, where that is faster and the method does but show them to the network."""
  if jax.default_backend() != "cpu" or not parallel.alone(layout) or arrays.xs is None:
    return arrays
  rows = sparse.pack([np.asarray(arrays.xs), np.asarray(arrays.xt)])
  if rows is None:
    return arrays
  shorter = arrays._replace(xs=rows[0], xt=rows[1])
  try:
    jax.eval_shape(cells.chunk(1), mapped, shorter)
    if method.refresh is not None:
      jax.eval_shape(cells.refresh, mapped, shorter)
  except Exception:  # whatever an operation says to inputs that are no vectors
    return arrays
  return shorter


def _looked(
  cells: Program, now: Mapped, views: dict[str, Blocks]
) -> tuple[dict[str, Counts], dict[str, Any]]:
  """Counts of every view, and the first outputs of those that validators may see."""
  counts, seen = {}, {}
  for name, view in views.items():
    most = 0 if name == "target_test" else select.SHOWN
    counts[name], seen[name] = looked(cells.look, now, view, most)
  return counts, seen


def _probed(
  cells: Program, now: Mapped, views: dict[str, Blocks], seen: dict[str, Any]
) -> dict[str, jax.Array]:
  """What validators make of source examples with labels and target training inputs without."""
  source, target = (views[name] for name in ("source_test", "target_train"))
  fs, ft = seen["source_test"], seen["target_train"]
  sizes = min(source.examples, select.SHOWN), min(target.examples, select.SHOWN)
  xt = list(target.x)[: len(ft)]
  return select.probed(cells.outputs_each, now, fs, source.y[: len(fs)], ft, xt, sizes)


def _seconds(
  cells: Program, now: Mapped, views: dict[str, Blocks], times: int, running: float
) -> dict[str, float]:
  """Where the time went, of what ran after preparing and without compiling.

  Evaluation is timed apart, as it overlaps with training on an accelerator.
  """

  def timed(made: Callable[[], Any]) -> float:
    began = time.perf_counter()
    jax.block_until_ready(made())
    return time.perf_counter() - began

  each = {n: timed(functools.partial(_looked, cells, now, {n: v})) for n, v in views.items()}
  _, seen = _looked(cells, now, views)
  jax.block_until_ready(seen)
  selecting = timed(functools.partial(_probed, cells, now, views, seen)) * times
  name = "target_test" if "target_test" in views else "target_train"
  n = views[name].computed * len(now.ts.step)
  evaluate = sum(each.values()) * times
  return {
    "train": max(running - evaluate - selecting, 1e-9),
    "evaluate": evaluate,
    "select": selecting,
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
  parts = [
    jax.device_get(cells.look(mapped, *block)[1])
    for block in zip(shown.x, shown.y, shown.valid, strict=True)
  ]
  features, logits = (np.concatenate(p, axis=1) for p in zip(*parts, strict=True))
  return {
    "features": features[:, : shown.examples].astype(np.float16),
    "label": np.concatenate(y),
    "domain": np.repeat([0, 1], [len(v) for v in x]),
    "predicted": logits[:, : shown.examples].argmax(-1),
  }
