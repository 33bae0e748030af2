"""Plans which examples each step draws, and draws them.

Sets that fit live on the device and are drawn from inside the program.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt.method import Batch


class Arrays(NamedTuple):
  """Training data for all seeds; it has no field for target labels.

  Several tasks' sets lie one after the other. Inputs are None where they do not fit on the device and
  come with each step (see stream.py).
  """

  xs: Any  # [n, ...] source inputs, all source domains one after the other
  ys: jax.Array  # [n] source labels
  ws: jax.Array  # [n] weights
  ds: jax.Array  # [n, s] one-hot, source domain of each
  xt: Any  # [m, ...] target training inputs


class Labelled(NamedTuple):
  """One seed's labelled target examples."""

  rows: jax.Array  # [k] rows of the task's target training inputs
  y: jax.Array  # [k]


def plan(key: jax.Array, n: int, batch: int, start: jax.Array, length: int) -> jax.Array:
  """Row numbers of n examples drawn in a range of steps.

  The steps are start … start + length - 1; the result is [length, batch].

  Each pass over the data is a fresh permutation, and what does not fill a batch waits for the next
  pass. The rows of a step depend on the key and the step alone, so it does not matter how training
  is cut into chunks. Fewer examples than a batch are repeated within it.
  """
  per_pass = max(n // batch, 1)
  first = start // per_pass
  passes = first + jnp.arange((length - 1) // per_pass + 2)

  def permuted(i: jax.Array) -> jax.Array:
    rows = jax.random.permutation(jax.random.fold_in(key, i), n)
    return rows[jnp.arange(per_pass * batch) % n].reshape(per_pass, batch)

  rows = jax.lax.map(permuted, passes).reshape(-1, batch)
  return jax.lax.dynamic_slice_in_dim(rows, start - first * per_pass, length)


class Sizes(NamedTuple):
  """Numbers of examples to draw from."""

  source: int
  target: int
  labelled: int = 0  # 0: the method reads none


Rows = tuple[jax.Array, jax.Array, jax.Array | None]  # of source, target and labelled examples


def plans(key: jax.Array, sizes: Sizes, batch: int, start: jax.Array, length: int) -> Rows:
  """Draws independent row plans for source, target and labelled examples.

  Each cycles through its own domain.
  """
  k_source, k_target, k_labelled = jax.random.split(key, 3)
  source = plan(k_source, sizes.source, batch, start, length)
  target = plan(k_target, sizes.target, batch, start, length)
  if not sizes.labelled:
    return source, target, None
  return source, target, plan(k_labelled, sizes.labelled, batch, start, length)


def resampled(
  rows: jax.Array, key: jax.Array, ws: jax.Array, start: jax.Array, first: jax.Array | float
) -> jax.Array:
  """Rows [steps, batch], from step `first` on drawn by weight, with replacement.

  Like `plan`'s, the rows of a step depend on the key and the step alone.

  Args:
    rows: as planned.
    key: random key.
    ws: [n] weights, with a sum above 0.
    start: the first row's step.
    first: the step from which on rows are drawn by weight.
  """
  below = jnp.cumsum(ws)
  last = len(ws) - 1 - jnp.argmax(ws[::-1] > 0)  # where a product rounds up to the whole sum

  def drawn(step: jax.Array) -> jax.Array:
    places = jax.random.uniform(jax.random.fold_in(key, step), rows.shape[1:]) * below[-1]
    return jnp.minimum(jnp.searchsorted(below, places, side="right"), last).astype(rows.dtype)

  steps = start + jnp.arange(len(rows))
  return jnp.where((steps >= first)[:, None], jax.lax.map(drawn, steps), rows)


def sizes(
  arrays: Arrays, labelled: Labelled | None, examples: tuple[int, int] | None = None
) -> Sizes:
  """Returns the set sizes to draw from.

  They are those of the arrays on the device. Where several tasks lie there, `examples` gives one
  task's. Labelled examples are of one cell or of several, [..., k].
  """
  few = 0 if labelled is None else labelled.rows.shape[-1]
  return Sizes(*(examples or (len(arrays.xs), len(arrays.xt))), few)


def own(
  sets: tuple[Any, jax.Array, Any], first: jax.Array | None, examples: tuple[int, int] | None
) -> tuple[Any, jax.Array, Any]:
  """Returns one task's source inputs, labels and target inputs.

  They are cut from the sets of several tasks that lie together.

  Args:
    sets: of one task or several.
    first: [2] where the task's own begin, of source and target; None: there is one task.
    examples: of a task's sets.
  """
  if first is None or examples is None:
    return sets
  xs, ys, xt = sets
  n, m = examples
  slice_of = jax.lax.dynamic_slice_in_dim
  return slice_of(xs, first[0], n), slice_of(ys, first[0], n), slice_of(xt, first[1], m)


def take(
  arrays: Arrays, labelled: Labelled | None, rows: Rows, first: jax.Array | None = None
) -> Batch:
  """Gathers the batch of the planned rows.

  Args:
    arrays: of one task or several.
    labelled: of one seed.
    rows: of a task's own sets.
    first: [2] where those begin, of source and target; None: at 0.
  """
  source, target, few = rows
  own = target
  if first is not None:
    source, target = source + first[0], target + first[1]
  xl, yl = None, None
  if labelled is not None and few is not None:
    chosen = labelled.rows[few]
    xl = arrays.xt[chosen if first is None else chosen + first[1]]
    yl = labelled.y[few]
  return Batch(
    arrays.xs[source],
    arrays.ys[source],
    arrays.ws[source],
    arrays.ds[source],
    arrays.xt[target],
    xl,
    yl,
    own,
  )
