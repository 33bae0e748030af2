"""Builds the compiled program that trains all cells of a method.

Every seed and swept value runs in one computation. Programs are cached by their specification, so
cells whose arrays have equal shapes (the twelve Amazon pairs) compile once.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt import outputs, tuning
from adapt.catalogue import Bound
from adapt.evaluation import cells, counting
from adapt.evaluation import metrics as evaluate
from adapt.method import Batch, Method, Net, Output
from adapt.models import nets
from adapt.training import (
  devices,
  dp_sgd,
  drawing,
  label_loss,
  resident,
  shared_step,
  stream,
  views,
)
from adapt.training.settings import Settings

Items = tuple[tuple[str, Any], ...]


class Spec(NamedTuple):
  """Hashable specification of a program; factories count by identity."""

  method: Callable[..., Method]
  hyperparameters: Items  # fixed ones, compiled in
  settings: Settings
  model: tuple[Callable[..., Net], Items]
  classes: int
  tuning: tuple[Callable[..., tuning.Tuning], Items]
  layout: devices.Layout
  warm: bool  # starts from given weights
  optimizer: tuple[Callable[..., Any], Items] | None = None  # None: the one that the settings name
  unknown: bool = False  # whether label `classes` is that of examples of unknown classes
  dp: dp_sgd.Privacy | None = None  # None where gradients need not be private
  examples: tuple[int, int] | None = None  # of a task's sets, where several tasks' lie together
  kind: str = ""  # of the inputs, see `Net.kind`
  targets: int = 0  # target training examples, where the method's state is sized by them
  output: tuple[Callable[..., Output], Items] = outputs.CLASSES.key
  counts: tuple[int, ...] | None = None  # source examples of each class, where the loss is by them


class Mapped(NamedTuple):
  """Per-cell state of the program; every leaf leads with cells."""

  ts: shared_step.TrainState
  swept: dict[str, jax.Array]  # hyper-parameters, "lr", under --dp the "secret" of its noise
  labelled: resident.Labelled | None
  first: jax.Array | None = None  # [2] where the task's sets begin, if several lie together


class Program(NamedTuple):
  """Functions of a cell. `mapped` and `arrays` are as `devices.put_*` placed them."""

  init: Callable[..., Any]  # (keys, swept, starts, backbone, batch) -> stacked TrainState
  rows: Callable[[int], Callable[..., Any]]  # n -> ((mapped, arrays) -> rows of the next n steps)
  # most steps -> (((mapped, rows), (arrays, [first row, steps])) -> ((mapped, rows), metrics))
  piece: Callable[[int], Callable[..., Any]]
  fed: Callable[..., Any]  # ((mapped, seed of each cell), (arrays, inputs)) -> (mapped, metrics)
  look: Callable[..., Any]  # (mapped, x, y, valid) -> (counts, what `counting.of` shows), stacked
  outputs: Callable[..., Any]  # (mapped, x) -> stacked (features, logits)
  outputs_each: Callable[..., Any]  # the same of x [cells, b, ...], inputs of each cell's own
  refresh: Callable[..., Mapped]  # (mapped, arrays) -> mapped, if the method has it
  output: tuple[Callable[..., Output], Items]  # as the specification has it


@functools.lru_cache(maxsize=64)
def program(spec: Spec) -> Program:
  """Builds (and caches) the program of a specification."""
  settings, layout = spec.settings, spec.layout
  plain = _network(spec, axis=None)
  build = _builder(spec, plain)
  factory, given = spec.output
  count, shown = counting.of(factory(**dict(given)).kind)

  def fed(stacked: tuple[Mapped, jax.Array], shared: tuple[resident.Arrays, stream.Fed]) -> Any:
    def one(seed: jax.Array, *m: Any) -> Any:
      mine = jax.tree.map(lambda x: x[seed], shared[1])
      return _step_fed(spec, build, Mapped(*m), shared[0], mine)

    return cells.over_cells(one)(stacked[1], *stacked[0])

  def outputs_one(mapped: Mapped, x: jax.Array) -> Any:
    method, _ = build(mapped.swept, _progress(spec, mapped.ts))
    seen = views.test(settings, x)
    features, logits = method.predict(mapped.ts.params, mapped.ts.state, seen)
    return features, evaluate.columns(logits, spec.classes, spec.unknown)

  @jax.jit
  def look(mapped: Mapped, x: jax.Array, y: jax.Array, valid: jax.Array) -> Any:
    def one(*m: Any) -> Any:
      outputs = outputs_one(Mapped(*m), x)
      return count(outputs[1], y, valid), shown(*outputs)

    return cells.over_cells(one)(*mapped)

  @jax.jit
  def outputs(mapped: Mapped, x: jax.Array) -> Any:
    return cells.over_cells(lambda *m: outputs_one(Mapped(*m), x))(*mapped)

  @jax.jit
  def outputs_each(mapped: Mapped, x: jax.Array) -> Any:
    return cells.over_cells(lambda x, *m: outputs_one(Mapped(*m), x))(x, *mapped)

  one_step, refresh = devices.compiled(fed, layout), _refresh(spec, build)
  drawn, piece = drawing.of(settings, layout, spec.examples), _pieces(spec, build)
  init = _initial(spec, plain, build)
  return Program(init, drawn, piece, one_step, look, outputs, outputs_each, refresh, spec.output)


Build = Callable[..., tuple[Method, shared_step.Optimizer]]  # (swept, progress, net, asked)


def _builder(spec: Spec, plain: Net) -> Build:
  """Makes a cell's method and optimiser from possibly traced swept values."""
  way = spec.tuning[0](**dict(spec.tuning[1]))
  output = label_loss.counted(spec.output[0](**dict(spec.output[1])), spec.counts)
  moves = spec.optimizer
  own = moves and Bound(spec.settings.optimizer, moves[0], dict(moves[1]))

  def build(
    swept: dict[str, Any],
    progress: jax.Array | float,
    net: Net = plain,
    asked: list[str] | None = None,
  ) -> tuple[Method, shared_step.Optimizer]:
    predicts = output if asked is None else label_loss.heard(output, asked)
    average = net.average
    if spec.settings.freeze == "backbone":
      net = tuning.only(net, lambda path: path[0] != "backbone")
    # Here, not where it is made: a tuning returns a network of its own.
    tuned = way.wrap(net, progress)._replace(
      kind=spec.kind, targets=spec.targets, output=predicts, average=average
    )
    moved = {k: v for k, v in swept.items() if k not in ("lr", "secret")}
    method = spec.method(tuned, **dict(spec.hyperparameters), **moved)
    if way.adjust is not None:
      method = way.adjust(tuned, method)
    pull = way.pull and functools.partial(way.pull, progress, spec.settings.weight_decay)
    lr = swept.get("lr", spec.settings.lr)
    return method, shared_step.optimizer(spec.settings, lr, pull, own)

  return build


def _progress(spec: Spec, ts: shared_step.TrainState) -> jax.Array:
  return ts.step / spec.settings.steps


def _counting(spec: Spec, ts: shared_step.TrainState, ws: jax.Array) -> jax.Array:
  """Weights [b] as they count in this step's losses."""
  if spec.settings.resample:
    return jnp.ones_like(ws)  # they have counted in what was drawn
  if not spec.settings.defer:
    return ws
  return jnp.where(_progress(spec, ts) < spec.settings.defer, 1.0, ws)


def _initial(spec: Spec, plain: Net, build: Build) -> Callable[..., shared_step.TrainState]:
  """Builds the function that makes all cells' initial states."""

  def one(
    key: jax.Array, swept: Any, start: Any, backbone: Any, batch: Batch
  ) -> shared_step.TrainState:
    net = plain
    if spec.warm:
      net = nets.beginning_at(plain, *start)
    elif spec.settings.pretrained:
      net = nets.with_backbone(plain, backbone)
    method, opt = build(swept, 0.0, net)
    return shared_step.init(method, opt, key, batch)

  # It runs once and draws the same bits at any level; LLVM's default takes 2.4 times as long to compile.
  lower = jax.config.values["jax_disable_most_optimizations"]  # than what is asked for here
  usual = jax.default_backend() == "cpu" and not lower
  quick = {"xla_backend_optimization_level": 1} if usual else None

  @functools.partial(jax.jit, compiler_options=quick)
  def init(keys: jax.Array, swept: Any, starts: Any, backbone: Any, batch: Batch) -> Any:
    seen = batch._replace(
      **{n: views.test(spec.settings, x) for n, x in views.inputs(batch).items()}
    )
    return cells.over_cells(lambda k, v, s: one(k, v, s, backbone, seen))(keys, swept, starts)

  return init


def _network(spec: Spec, axis: str | None) -> Net:
  (factory, given), settings = spec.model, spec.settings
  return factory(spec.classes, settings.precision, axis, settings.freeze, **dict(given))


def _pieces(spec: Spec, build: Build) -> Callable[[int], Callable[..., Any]]:
  """Builds the programs that take any number of steps up to a given one, on drawn batches."""

  @functools.lru_cache
  def piece(most: int) -> Callable[..., Any]:
    def run(stacked: tuple[Mapped, resident.Rows], shared: tuple[Any, jax.Array]) -> Any:
      arrays, (first, count) = shared

      def one(rows: resident.Rows, *m: Any) -> tuple[Mapped, Any]:
        ts, swept, labelled, begin = Mapped(*m)
        step = _stepper(spec, build, swept)
        taken = lambda ts, row: step(ts, resident.take(arrays, labelled, row, begin))
        ts, metrics = shared_step.repeat(taken, ts, rows, first, count, most)
        return Mapped(ts, swept, labelled, begin), metrics

      mapped, metrics = cells.over_cells(one)(stacked[1], *stacked[0])
      return (mapped, stacked[1]), metrics

    return devices.compiled(run, spec.layout, donate=True)

  return piece


def _step_fed(
  spec: Spec, build: Build, mapped: Mapped, arrays: resident.Arrays, fed: stream.Fed
) -> tuple[Mapped, Any]:
  """Runs one cell's step on host-decoded inputs.

  Labels are looked up on the device.
  """
  ts, swept, labelled, _ = mapped
  rows = fed.source
  yl = None if labelled is None else labelled.y[fed.few]
  drawn = arrays.ys[rows], arrays.ws[rows], arrays.ds[rows]
  batch = Batch(fed.xs, *drawn, fed.xt, fed.xl, yl, fed.target)
  ts, metrics = _stepper(spec, build, swept)(ts, batch)
  return mapped._replace(ts=ts), metrics


def _stepper(spec: Spec, build: Build, swept: Any) -> Callable[..., Any]:
  """Builds one cell's training step (state, batch) -> (state, metrics).

  It runs the shared step with this cell's method on this layout.
  """
  inside = devices.shared_net(spec.layout, _network(spec, spec.layout.axis))
  grads = functools.partial(devices.average, spec.layout)
  gradient = dp_sgd.gradient(spec.dp, swept["secret"]) if spec.dp else shared_step.plain

  def step(ts: shared_step.TrainState, batch: Batch) -> tuple[shared_step.TrainState, Any]:
    asked: list[str] = []
    method, opt = build(swept, _progress(spec, ts), inside, asked)
    batch = batch._replace(ws=_counting(spec, ts, batch.ws))
    batch = devices.spread(spec.layout, views.train(spec.settings, ts, batch))
    found = shared_step.step(method, opt, spec.settings.steps, ts, batch, grads, gradient)
    if spec.output[1]:
      label_loss.refuse_unheard(spec.method.__name__, method, asked)
    return found

  return step


def _refresh(spec: Spec, build: Build) -> Callable[..., Mapped]:
  def run(mapped: Mapped, arrays: resident.Arrays) -> Mapped:
    xs, xt = (views.test(spec.settings, x) for x in (arrays.xs, arrays.xt))

    def one(*m: Any) -> Mapped:
      mapped = Mapped(*m)
      method, _ = build(mapped.swept, _progress(spec, mapped.ts))
      sets = resident.own((xs, arrays.ys, xt), mapped.first, spec.examples)
      return mapped._replace(ts=shared_step.refreshed(method, mapped.ts, sets))

    # One after the other where each takes a copy of its task's sets.
    over = cells.over_cells if mapped.first is None else cells.in_turn
    return over(one)(*mapped)

  return devices.compiled(run, spec.layout)


def keys(seeds: tuple[int, ...]) -> jax.Array:
  """One random key per seed, stacked."""
  return jnp.stack([jax.random.key(s) for s in seeds])
