"""Training loop of one compiled program, with evaluations on the way."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

import jax
import jax.numpy as jnp
import numpy as np

from adapt import weights
from adapt.method import Method
from adapt.models import packed_rows
from adapt.training import arrays as inputs
from adapt.training import (
  checkpoint,
  devices,
  dp_sgd,
  evaluation,
  feed,
  history,
  hosts,
  live,
  refreshing,
  resident,
  stopping,
)
from adapt.training.joint_tasks import Part, examples, spans
from adapt.training.pace import Pace
from adapt.training.program import Mapped, Program, Spec, keys, program
from adapt.training.settings import Settings

Report = history.Report
History = history.History
_DRAWN = 8192  # steps

Saving = checkpoint.Checkpoints | checkpoint.Elsewhere
# (steps done, label-free measures) -> whether to stop; told of each evaluation before the next steps
Watch = Callable[[int, dict[str, float]], bool]


class Trained(NamedTuple):
  """Result of training one part of a program."""

  mapped: Mapped
  past: History
  # features [cells, n, d], label [n], domain [n], predicted [cells, n]
  points: dict[str, np.ndarray]
  scores: Sequence[dict[str, float]]  # label-free, of each cell's accuracy in the target
  seconds: dict[str, float]
  cells: Program
  weighted: Mapping[str, Any] = {}  # of the source examples, if they have any


def train(
  parts: Sequence[Part],
  report: Report,
  saved: Saving | None = None,
  watch: Watch | None = None,
) -> list[Trained]:
  """Trains all cells of all parts (points × seeds) in one program.

  Args:
    parts: what is trained on which data; all but the data and the points is the first one's.
    report: called once per evaluation.
    saved: where to save on the way, and to continue from what is there.
    watch: told of each evaluation of the first part; stops training early where it returns True.

  Raises:
    stopping.Stopped: a signal came, and what is done is saved.
  """
  began, compiled = time.perf_counter(), live.compile_seconds()
  cells, layout, settings = program_of(parts), layout_of(parts), parts[0].data.settings
  pace, took = Pace(), dict[str, float]()
  found = saved.newest() if saved else None
  mapped, arrays, fed = placed(parts, cells, found)
  past, report = _history(parts, found), _followed(report)
  prepared, compiled_before = time.perf_counter() - began, live.compile_seconds()
  pack = arrays.xs is not None and packed_rows.packed(arrays.xs)
  views = [inputs.views_of(part.data, pack) for part in parts]
  lengths = _lengths(settings.steps, settings.evaluations)
  watching, first = live.training(lengths, len(past.steps)), len(past.steps) + 1
  with contextlib.closing(fed), watching, stopping.deferred(live.next_stop) as told:
    for i, length in enumerate(lengths[first - 1 :], first):
      while past.since < length:
        if past.since and saved and hosts.anyone(told()):  # all at the same step
          past.settle(leave=0, report=report)
          _stop(saved, devices.fetch(layout, mapped), past, began, settings.steps)
        mapped = _piece(fed, mapped, past, pace, length - past.since)
      now = devices.fetch(layout, mapped)
      # The device is given the next chunk before the host reads this one's numbers.
      timed = (took,) if first < i == len(lengths) else ()  # the first one is compiled
      past.add(*devices.settled(layout, evaluation.at(cells, parts, views, now, *timed)))
      past.settle(leave=0 if watch or i == len(lengths) else 1, report=report)
      stop = saved is not None and hosts.anyone(told())  # all at the same evaluation
      if watch and watch(past.steps[-1], past.means(parts[0].cells)):
        break
      if saved and (stop or saved.due()):
        past.settle(leave=0, report=report)
        if stop:
          _stop(saved, now, past, began, settings.steps)
        saved.save(now, past, time.perf_counter() - began)
  total, ended = past.before + time.perf_counter() - began, live.compile_seconds()
  now = devices.fetch(layout, mapped)
  seen, running = (cells, parts, views, now), total - prepared - (ended - compiled_before)
  seconds = evaluation.seconds(seen, took, len(past.steps), running)
  seconds |= {"prepare": prepared, "input_wait": fed.waited(), "total": total}
  seconds |= {"compile": ended - compiled}
  shares = {n: v if n == "predict_1000" else v / len(parts) for n, v in seconds.items()}
  sums = _weighted(parts, arrays)
  past.thresholds, past.final = evaluation.final(*seen)
  return [
    Trained(own, past.only(span), *evaluation.ends(cells, own, part.data), shares, cells, sums)
    for part, span, own in zip(parts, spans(parts), evaluation.each(parts, now), strict=True)
  ]


def _stop(saved: Saving, mapped: Mapped, past: History, began: float, steps: int) -> NoReturn:
  """Saves what is done, and ends the run."""
  saved.save(mapped, past, time.perf_counter() - began)
  done = hosts.agreed(saved.finish)
  raise stopping.Stopped(f"{done:,} of {steps:,} steps are saved")


def _piece(fed: feed.Feed, mapped: Mapped, past: History, pace: Pace, left: int) -> Mapped:
  """Takes some of the steps that are left up to the next evaluation."""
  steps = hosts.agreed(lambda: min(pace.steps(left), fed.most))  # by process 0's clock
  began = time.monotonic()
  mapped, blocks = fed.piece(mapped, steps)
  live.launched()
  past.stepped(blocks)
  live.counted(past.done - pace.launched(steps, blocks[-1][1], live.uncompiled(began)))
  return mapped


def _weighted(parts: Sequence[Part], arrays: Any) -> dict[str, Any]:
  """Returns what the weights of the source examples come to, where they are weighted."""
  if not parts[0].setup.weighting:
    return {}
  return weights.summary(*(np.asarray(a.addressable_data(0)) for a in (arrays.ws, arrays.ys)))


def _history(parts: Sequence[Part], found: checkpoint.Saved | None) -> History:
  """Returns the parts' history before the next step."""
  past = found.past if found else History()
  # Of the rest, only process 0 makes records.
  past.steps = hosts.agreed(lambda: past.steps)
  past.since = hosts.agreed(lambda: past.since)
  past.labels = [p.label for part in parts for p in part.points for _ in part.setup.seeds]
  data = parts[0].data
  past.unknown, past.output, past.unseen = data.unknown, data.output, data.unseen
  return past


def _followed(report: Report) -> Report:
  """Wraps the report so that a display sees each evaluation."""

  def both(step: int, past: History) -> None:
    live.evaluated(step)
    report(step, past)

  return both


def program_of(parts: Sequence[Part]) -> Program:
  """The compiled program of these parts."""
  return program(spec_of(parts))


def spec_of(parts: Sequence[Part]) -> Spec:
  """What tells the program of these parts from others."""
  setup, _, data, start = parts[0]
  static, _ = _split(parts)
  # None of these shapes the program.
  settings = data.settings._replace(lr=0.0, shots=0, evaluations=0)
  return Spec(
    setup.method.factory,
    static,
    settings,
    data.model.key,
    len(data.classes),
    setup.tuning.key,
    layout_of(parts),
    warm=start != (),
    optimizer=setup.optimizer and setup.optimizer.key,
    unknown=data.unknown,
    dp=setup.dp if _private(parts) else None,
    examples=examples(parts[0]) if len(parts) > 1 else None,
    kind=data.kind,
    targets=len(data.target.train.x) if setup.traits(parts[0].points).sized else 0,
    output=setup.output.key,
    counts=data.counts if setup.output().by_counts else None,
  )


def layout_of(parts: Sequence[Part]) -> devices.Layout:
  """Returns the device layout for the program of these parts."""
  return devices.of_cells(parts[0].setup.layout, sum(part.cells for part in parts))


def _private(parts: Sequence[Part]) -> bool:
  """Whether this run's gradients must be private.

  Methods without gradients by example start from a private source model instead.
  """
  setup, points, *_ = parts[0]
  return bool(setup.dp) and setup.traits(points).by_example


def placed(
  parts: Sequence[Part], cells: Program, found: checkpoint.Saved | None = None
) -> tuple[Mapped, Any, feed.Feed]:
  """Places the next training state, arrays and feed on the device.

  The state is that of the checkpoint, if one was found.
  """
  layout, (setup, points, data, _) = layout_of(parts), parts[0]
  method, total = setup.traits(points), sum(part.cells for part in parts)
  streamed = hosts.agreed(lambda: feed.streams(setup, method, data.sources, data.target, total))
  arrays, first = inputs.arrays_of(parts, streamed)
  labelled = inputs.labelled_of(parts, method)
  if setup.weighting:
    arrays = arrays._replace(ws=hosts.same(arrays.ws))
  _, swept = _split(parts)
  if _private(parts):
    swept["secret"] = dp_sgd.unguessable(parts[0].cells)
  example = inputs.example_of(data, arrays, labelled)
  start, *others = (part.start for part in parts)
  start = jax.tree.map(lambda *x: jnp.concatenate(x), start, *others) if others else start
  seeds = tuple(seed for part in parts for _ in part.points for seed in part.setup.seeds)
  ts = cells.init(keys(seeds), swept, start, data.backbone, example)
  mapped = Mapped(ts, swept, labelled, first)
  mapped = hosts.same(mapped, lambda: found.filling(mapped) if found else mapped)
  mapped = devices.put_stacked(layout, mapped)
  if setup.feed.kind == "auto" and not setup.dp:
    arrays = _packed(cells, method, layout, mapped, arrays)
  arrays = devices.put_shared(layout, arrays)
  done = hosts.agreed(lambda: found.past.done if found else 0)
  if not streamed:
    fed = feed.from_device(cells, layout, arrays, _room(data.settings))
    if method.refresh is not None:
      look = lambda now: devices.settled(layout, cells.refresh(now, arrays))
      at = refreshing.due(method.refreshes, data.settings.steps)
      fed = refreshing.refreshed(fed, look, at, done)
    return mapped, arrays, fed
  load = inputs.loader_of(setup, data, labelled)
  setup = setup._replace(layout=layout)
  return mapped, arrays, feed.from_host(setup, cells, arrays, load, len(points), done)


def _packed(
  cells: Program, method: Method, layout: devices.Layout, mapped: Mapped, arrays: resident.Arrays
) -> resident.Arrays:
  """Packs input rows where that is faster and the method allows it.

  The method must do no more with inputs than show them to the network.
  """
  if jax.default_backend() != "cpu" or not devices.alone(layout) or arrays.xs is None:
    return arrays
  packs = packed_rows.pack([np.asarray(arrays.xs), np.asarray(arrays.xt)])
  if packs is None:
    return arrays
  shorter = arrays._replace(xs=packs[0], xt=packs[1])
  try:
    rows = jax.eval_shape(cells.rows(1), mapped, shorter)
    jax.eval_shape(cells.piece(1), (mapped, rows), (shorter, jnp.zeros(2, jnp.int32)))
    if method.refresh is not None:
      jax.eval_shape(cells.refresh, mapped, shorter)
  except Exception:  # whatever an operation says to inputs that are no vectors
    return arrays
  return shorter


def _room(settings: Settings) -> int:
  """Steps whose batches are drawn at once: those up to an evaluation, in bounded memory."""
  return min(_DRAWN, max(_lengths(settings.steps, settings.evaluations)))


def _lengths(steps: int, evaluations: int) -> list[int]:
  ends = np.linspace(0, steps, min(evaluations, steps) + 1).round().astype(int)
  return np.diff(ends).tolist()


def _split(parts: Sequence[Part]) -> tuple[tuple[tuple[str, Any], ...], dict[str, jax.Array]]:
  """Separates static hyper-parameters from floats, which become arrays [cells].

  All float values share one program; the rest is compiled in.
  """
  first = parts[0].points[0].hyperparameters
  static = tuple((n, v) for n, v in first.items() if not isinstance(v, float))
  names = [n for n, v in first.items() if isinstance(v, float)]
  every = [(point, part) for part in parts for point in part.points]
  repeats = np.array([len(part.setup.seeds) for _, part in every])
  floats = {n: [point.hyperparameters[n] for point, _ in every] for n in names}
  floats["lr"] = [point.lr for point, _ in every]
  return static, {n: jnp.asarray(np.repeat(v, repeats)) for n, v in floats.items()}
