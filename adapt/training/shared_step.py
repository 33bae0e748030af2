"""The pure training step that all methods share, and its loop."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from adapt.catalogue import Bound
from adapt.method import Batch, Method, Metrics, Phase
from adapt.training import optimizers, schedules
from adapt.training.settings import Settings

# Random streams of a seed's key: steps count up from 0, these from the other end.
INIT, ORDER, AUGMENT = 2**32 - 1, 2**32 - 2, 2**32 - 3


class TrainState(NamedTuple):
  """Complete state of a run, as needed to continue it."""

  step: jax.Array  # [] int32, steps done
  key: jax.Array  # the seed's random key, constant
  params: dict[str, Any]
  state: dict[str, Any]
  opt: dict[str, Any]  # the optimiser's state of each entry of params
  alive: jax.Array  # [] bool, whether every loss and gradient so far was finite


class Optimizer(NamedTuple):
  """Update directions with a separate learning-rate schedule.

  So progress drives the learning rate as it drives all else.
  """

  direction: Callable[[str], optax.GradientTransformation]  # of an entry of params
  rate: Callable[[jax.Array], jax.Array]  # progress -> learning rate


Pull = Callable[[], optax.GradientTransformation]
# (loss, entries that move, batch, key) -> ((loss, (state, metrics)), gradients of the entries), where
# loss(entries, batch, key) -> (loss, (state, metrics))
Gradient = Callable[[Callable[..., Any], Any, Batch, jax.Array], Any]


def optimizer(
  settings: Settings, lr: jax.Array | float, pull: Pull | None = None, own: Bound | None = None
) -> Optimizer:
  """Builds the optimizer from the settings.

  Args:
    settings: optimizer, momentum, weight_decay, schedule and backbone_rate are read.
    lr: initial learning rate; may be traced, as in a sweep.
    pull: a transformation of the network's gradient in place of weight decay (L2-SP).
    own: the optimizer; None: the one that the settings name.

  Raises:
    ValueError: an unknown optimizer or schedule.
  """
  bound = optimizers.bind(settings.optimizer) if own is None else own
  rate = schedules.rate(settings.schedule, lr)
  if not optimizers.has_rate(bound):
    rate = lambda p: jnp.ones(())

  def direction(entry: str) -> optax.GradientTransformation:
    # A pull towards the start takes the place of the decay towards zero, which would undo it.
    pulled = pull() if pull is not None and entry == "net" else None
    made = optimizers.parts(bound, settings, pulled)
    return optax.chain(*made, _slower(settings.backbone_rate))

  return Optimizer(direction, rate)


def _slower(rate: float) -> optax.GradientTransformation:
  """Scales updates of "backbone" entries by a rate.

  Pretrained layers then move less than new ones.
  """

  def scale(updates: Any, params: Any) -> Any:
    del params

    def one(path: Any, update: jax.Array) -> jax.Array:
      # Anywhere on the path: a tuning such as LoRA keeps the backbone's part beneath its own.
      inside = any(getattr(key, "key", None) == "backbone" for key in path)
      return rate * update if inside else update

    return jax.tree_util.tree_map_with_path(one, updates)

  return optax.stateless(scale)


def init(method: Method, opt: Optimizer, key: jax.Array, batch: Batch) -> TrainState:
  """Initialises the training state; `batch` gives shapes."""
  params, state = method.init(jax.random.fold_in(key, INIT), batch)
  opts = {entry: opt.direction(entry).init(p) for entry, p in params.items()}
  return TrainState(jnp.zeros((), jnp.int32), key, params, state, opts, jnp.ones((), bool))


def plain(loss: Callable[..., Any], moving: Any, batch: Batch, key: jax.Array) -> Any:
  """Computes a batch's loss and gradient, without privacy."""
  return jax.value_and_grad(loss, has_aux=True)(moving, batch, key)


def step(
  method: Method,
  opt: Optimizer,
  steps: int,
  ts: TrainState,
  batch: Batch,
  average: Callable[[Any], Any] = lambda grads: grads,
  gradient: Gradient = plain,
) -> tuple[TrainState, Metrics]:
  """One optimisation step, the same for every method.

  Args:
    method: loss, after_step and constrain are called.
    opt: how gradients become updates.
    steps: the length of the run, for progress = step / steps.
    ts: the state before.
    batch: the global batch.
    average: what is done to gradients across devices.
    gradient: how a phase's gradient is taken.

  Returns:
    The state after, and the metrics: "loss" and the method's own. Once a loss or a gradient is not
    finite, all but the step count stays as it was before, and the loss is reported as NaN.
  """
  key = jax.random.fold_in(ts.key, ts.step)
  progress = ts.step / steps
  params, state, opts = ts.params, ts.state, dict(ts.opt)
  params = dict(method.constrain(params) if method.constrain else params)
  metrics: Metrics = {}
  total, alive = jnp.zeros(()), ts.alive
  phases = _phases(method, params)
  for i, phase in enumerate(phases):
    for repeat in range(phase.repeat):
      alone = len(phases) == phase.repeat == 1
      k = key if alone else jax.random.fold_in(key, 1000 * i + repeat)

      def loss_of(moving: Any, batch: Batch, k: jax.Array, phase: Phase = phase) -> Any:
        return phase.loss({**params, **moving}, state, batch, k, progress)  # noqa: B023

      moving = {entry: params[entry] for entry in phase.trains}
      (loss, (state, new)), grads = gradient(loss_of, moving, batch, k)
      grads = average(grads)
      alive &= jnp.isfinite(loss) & jnp.isfinite(sum(map(jnp.sum, jax.tree.leaves(grads))))
      for entry in phase.trains:
        updates, opts[entry] = opt.direction(entry).update(grads[entry], opts[entry], params[entry])
        rate = opt.rate(progress)
        params[entry] = jax.tree.map(lambda p, u, r=rate: p - r * u, params[entry], updates)
    metrics |= new
    total = total + loss
  state = method.after_step(params, state)
  params, state, opts = jax.tree.map(
    lambda new, old: jnp.where(alive, new, old),
    (params, state, opts),
    (ts.params, ts.state, dict(ts.opt)),
  )
  after = TrainState(ts.step + 1, ts.key, params, state, opts, alive)
  return after, {"loss": jnp.where(alive, total, jnp.nan), **metrics}


def refreshed(method: Method, ts: TrainState, sets: tuple[Any, jax.Array, Any]) -> TrainState:
  """The state after the method's refresh from its whole training sets.

  The sets are xs, ys and xt.
  """
  assert method.refresh is not None  # refreshing.py asks only then
  return ts._replace(state=method.refresh(ts.params, ts.state, *sets))


def _phases(method: Method, params: dict[str, Any]) -> tuple[Phase, ...]:
  return (Phase(method.loss, tuple(params)),) if callable(method.loss) else tuple(method.loss)


def repeat(
  one_step: Callable[[TrainState, Any], tuple[TrainState, Metrics]],
  ts: TrainState,
  rows: Any,
  first: jax.Array,
  count: jax.Array,
  most: int,
) -> tuple[TrainState, Metrics]:
  """Repeats a step over some of the rows, without host reads.

  One program serves every `first` and `count`.

  Args:
    one_step: (state, row) -> (state, metrics).
    ts: the state before.
    rows: a tree whose leading axis the steps go along.
    first: [] the first step's row.
    count: [] how many steps, at most `most`.
    most: for how many steps' metrics there is room.

  Returns:
    The state after, and the metrics of each step [most, ...]; zeros beyond `count`.
  """

  def row(i: Any) -> Any:
    return jax.tree.map(lambda x: jax.lax.dynamic_index_in_dim(x, i, keepdims=False), rows)

  step = jax.jit(
    one_step, inline=True
  )  # traced once: here for its shapes, below for its operations
  _, shapes = jax.eval_shape(step, ts, row(0))
  room = jax.tree.map(lambda s: jnp.zeros((most, *s.shape), s.dtype), shapes)

  def body(i: Any, carry: tuple[TrainState, Metrics]) -> tuple[TrainState, Metrics]:
    ts, metrics = step(carry[0], row(first + i))
    return ts, jax.tree.map(lambda kept, new: kept.at[i].set(new), carry[1], metrics)

  done: tuple[TrainState, Metrics] = jax.lax.fori_loop(0, count, body, (ts, room))
  return done
