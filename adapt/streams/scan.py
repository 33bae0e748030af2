"""A stream as one scan, many streams in one program.

Those streams are called lanes.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from adapt.models.test_time import Forward
from adapt.streams.online import Online


class Lanes(NamedTuple):
  """Streams that one program runs, one entry of each array a lane."""

  model: np.ndarray  # [l] which source model
  order: np.ndarray  # [l] which order of the stream
  hyper: Mapping[str, np.ndarray]  # [l] each, by name


def follow(
  online: Online,
  start: Any,
  pool: Float[Array, "n ..."] | Int[Array, "n ..."],
  order: Int[Array, "t b"],
  reset: Bool[Array, " t"],
) -> Int[Array, "t b"]:
  """Predicted classes of a stream, each batch before the method learns it.

  An example whose logits are not finite is of class -1: a method that diverged, and no class's gain.

  Args:
    online: the method.
    start: its state before the stream, also after each reset.
    pool: all inputs that the stream may show.
    order: which of them each batch shows.
    reset: whether the state is the first one again before a batch.
  """

  def step(state: Any, batch: tuple[jax.Array, jax.Array]) -> tuple[Any, jax.Array]:
    rows, again = batch
    state = jax.tree.map(lambda first, now: jnp.where(again, first, now), start, state)
    logits, state = online.step(state, pool[rows])
    there = jnp.isfinite(logits).all(axis=-1)
    return state, jnp.where(there, logits.argmax(axis=-1), -1).astype(jnp.int32)

  return jax.lax.scan(step, start, (order, reset))[1]


def program(
  factory: Callable[..., Online], forward: Forward, *, side_by_side: bool | None = None
) -> Callable[..., Int[Array, "l t b"]]:
  """The function of arrays that `run` compiles.

  (models, xs, pool, order, reset, lanes) → classes.

  Args:
    factory: a method, (forward, **hyper-parameters) → Online.
    forward: the network, see `models.test_time.Forward`.
    side_by_side: whether lanes are mapped together; as usual, on accelerators and not on a CPU.
  """
  together = jax.default_backend() != "cpu" if side_by_side is None else side_by_side

  def predicted(models: Any, xs: Any, pool: Any, order: Any, reset: Any, lanes: Any) -> jax.Array:
    def one(lane: Any) -> jax.Array:
      model, which, hyper = lane
      params, stats = jax.tree.map(lambda leaf: leaf[model], models)
      online = factory(forward, **hyper)
      return follow(online, online.init(params, stats, xs), pool, order[which], reset[which])

    mapped = jax.vmap(one) if together else lambda all_: jax.lax.map(one, all_)
    found: jax.Array = mapped(lanes)
    return found

  return predicted


def run(
  factory: Callable[..., Online],
  forward: Forward,
  models: tuple[Any, Any],
  xs: jax.Array,
  pool: jax.Array,
  order: Int[Array, "o t b"],
  reset: Bool[Array, "o t"],
  lanes: Lanes,
  *,
  side_by_side: bool | None = None,
) -> Int[Array, "l t b"]:
  """Predicted classes of every lane, by one compiled program; see `follow`.

  Args:
    factory: see `program`.
    forward: see `program`.
    models: parameters and statistics of the source models, [s, ...] in each leaf.
    xs: [m, ...] source inputs without labels.
    pool: [n, ...] all target inputs.
    order: the streams' orders, all of one shape.
    reset: where each starts again.
    lanes: what is run.
    side_by_side: see `program`.
  """
  compiled = jax.jit(program(factory, forward, side_by_side=side_by_side))
  return compiled(models, xs, pool, order, reset, arrays(lanes))


def arrays(lanes: Lanes) -> tuple[jax.Array, jax.Array, dict[str, jax.Array]]:
  """Lanes as the program takes them."""
  hyper = {name: jnp.asarray(v, jnp.float32) for name, v in lanes.hyper.items()}
  return jnp.asarray(lanes.model), jnp.asarray(lanes.order), hyper
