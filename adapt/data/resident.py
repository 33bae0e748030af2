"""Small sets live on the device, and batches are drawn inside the compiled program."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from adapt.method import Batch


class Arrays(NamedTuple):
  """What training may see, for all seeds. There is no place for a target label here."""

  xs: jax.Array  # [n, ...] source inputs, all source domains one after the other
  ys: jax.Array  # [n] source labels
  ws: jax.Array  # [n] weights
  ds: jax.Array  # [n] source domain of each
  xt: jax.Array  # [m, ...] target training inputs


class Labelled(NamedTuple):
  """The target examples that the task declares labelled, for one seed."""

  rows: jax.Array  # [k] rows of Arrays.xt
  y: jax.Array  # [k]


def plan(key: jax.Array, n: int, batch: int, start: jax.Array, length: int) -> jax.Array:
  """Which rows of n examples the steps start … start + length - 1 draw: [length, batch].

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


def plans(
  key: jax.Array,
  arrays: Arrays,
  labelled: Labelled | None,
  batch: int,
  start: jax.Array,
  length: int,
) -> tuple[jax.Array, jax.Array, jax.Array | None]:
  """Independent plans for source, target and labelled rows: each cycles through its own domain."""
  k_source, k_target, k_labelled = jax.random.split(key, 3)
  source = plan(k_source, len(arrays.xs), batch, start, length)
  target = plan(k_target, len(arrays.xt), batch, start, length)
  if labelled is None:
    return source, target, None
  return source, target, plan(k_labelled, len(labelled.rows), batch, start, length)


def take(
  arrays: Arrays,
  labelled: Labelled | None,
  rows: tuple[jax.Array, jax.Array, jax.Array | None],
) -> Batch:
  """The batch of the planned rows."""
  source, target, few = rows
  xl, yl = None, None
  if labelled is not None and few is not None:
    xl, yl = arrays.xt[labelled.rows[few]], labelled.y[few]
  return Batch(
    arrays.xs[source],
    arrays.ys[source],
    arrays.ws[source],
    arrays.ds[source],
    arrays.xt[target],
    xl,
    yl,
  )
