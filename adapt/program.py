"""The compiled program of a cell: every seed and every swept value of one method, in one computation.

Programs are cached by their specification, so cells whose arrays have equal shapes (the twelve
Amazon pairs) compile once.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt import evaluate, methods, models, nets, parallel, train, tuning
from adapt.data import resident
from adapt.method import Batch, Method, Net
from adapt.suite import Settings

Items = tuple[tuple[str, Any], ...]


class Spec(NamedTuple):
  """All that shapes a program. Hashable."""

  method: str
  hyperparameters: Items  # fixed ones, compiled in
  settings: Settings
  classes: int
  tuning: tuple[str, Items]
  layout: parallel.Layout
  warm: bool  # starts from given weights


class Mapped(NamedTuple):
  """What each cell of the program has of its own; every leaf has the cells as leading axis."""

  ts: train.TrainState
  swept: dict[str, jax.Array]  # swept hyper-parameters, and "lr"
  labelled: resident.Labelled | None


class Program(NamedTuple):
  """Functions of a cell. `mapped` and `arrays` are as `parallel.put_*` placed them."""

  init: Callable[..., train.TrainState]  # (keys, swept, starts, batch) -> stacked state
  chunk: Callable[[int], Callable[..., Any]]  # length -> ((mapped, arrays) -> (mapped, metrics))
  counts: Callable[..., evaluate.Counts]  # (mapped, x, y, valid) -> stacked counts
  outputs: Callable[..., Any]  # (mapped, x) -> stacked (features, logits)
  refresh: Callable[..., Mapped]  # (mapped, arrays) -> mapped, between chunks, if the method has it


@functools.lru_cache(maxsize=64)
def program(spec: Spec) -> Program:
  """Builds (and remembers) the program of a specification."""
  settings, layout = spec.settings, spec.layout
  way = tuning.get(spec.tuning[0])(**dict(spec.tuning[1]))
  plain = _network(spec, axis=None)

  def build(swept: dict[str, Any], net: Net = plain) -> tuple[Method, train.Optimizer]:
    own = {k: v for k, v in swept.items() if k != "lr"}
    factory = methods.get(spec.method)
    method = factory(way.wrap(net), **dict(spec.hyperparameters), **own)
    return method, train.optimizer(settings, swept.get("lr", settings.lr), way.pull)

  def init_one(key: jax.Array, swept: Any, start: Any, batch: Batch) -> train.TrainState:
    net = nets.beginning_at(plain, *start) if spec.warm else plain
    method, opt = build(swept, net)
    return train.init(method, opt, key, batch)

  @jax.jit
  def init(keys: jax.Array, swept: Any, starts: Any, batch: Batch) -> train.TrainState:
    one = parallel.over_cells(lambda k, v, s: init_one(k, v, s, batch))
    return one(keys, swept, starts)

  def chunk(length: int) -> Callable[..., Any]:
    def run(mapped: Mapped, arrays: resident.Arrays) -> tuple[Mapped, Any]:
      return parallel.over_cells(lambda *m: _train(spec, build, Mapped(*m), arrays, length))(
        *mapped
      )

    return parallel.compiled(run, layout, donate=True)

  def outputs_one(mapped: Mapped, x: jax.Array) -> Any:
    method, _ = build(mapped.swept)
    return method.predict(mapped.ts.params, mapped.ts.state, x)

  @jax.jit
  def count(mapped: Mapped, x: jax.Array, y: jax.Array, valid: jax.Array) -> evaluate.Counts:
    def one(*m: Any) -> evaluate.Counts:
      return evaluate.count(outputs_one(Mapped(*m), x)[1], y, valid)

    return parallel.over_cells(one)(*mapped)

  @jax.jit
  def outputs(mapped: Mapped, x: jax.Array) -> Any:
    return parallel.over_cells(lambda *m: outputs_one(Mapped(*m), x))(*mapped)

  return Program(init, functools.lru_cache(chunk), count, outputs, _refresh(layout, build))


def _network(spec: Spec, axis: str | None) -> Net:
  return models.build(spec.settings.model, spec.classes, spec.settings.precision, axis)


def _train(
  spec: Spec, build: Callable[..., Any], mapped: Mapped, arrays: resident.Arrays, length: int
) -> tuple[Mapped, Any]:
  """One cell's chunk: draw batches and step, `length` times."""
  ts, swept, labelled = mapped
  inside = parallel.shared_net(spec.layout, _network(spec, spec.layout.axis))
  method, opt = build(swept, inside)
  order = jax.random.fold_in(ts.key, train.ORDER)
  rows = resident.plans(order, arrays, labelled, spec.settings.batch_size, ts.step, length)

  def one_step(ts: train.TrainState, rows: Any) -> tuple[train.TrainState, Any]:
    batch = parallel.spread(spec.layout, resident.take(arrays, labelled, rows))
    grads = functools.partial(parallel.average, spec.layout)
    return train.step(method, opt, spec.settings.steps, ts, batch, grads)

  ts, metrics = train.scan(one_step, ts, rows)
  return Mapped(ts, swept, labelled), metrics


def _refresh(layout: parallel.Layout, build: Callable[..., Any]) -> Callable[..., Mapped]:
  def run(mapped: Mapped, arrays: resident.Arrays) -> Mapped:
    def one(*m: Any) -> Mapped:
      ts, swept, labelled = m
      method, _ = build(swept)
      state = method.refresh(ts.params, ts.state, arrays.xs, arrays.ys, arrays.xt)
      return Mapped(ts._replace(state=state), swept, labelled)

    return parallel.over_cells(one)(*mapped)

  return parallel.compiled(run, layout)


def keys(seeds: tuple[int, ...]) -> jax.Array:
  """One random key per seed, stacked."""
  return jnp.stack([jax.random.key(s) for s in seeds])
