"""Packed rows: rows of counts stored by their few nonzero entries.

Such are bags of words. A packed row is uint32 [l]: each entry holds a count in its upper half and
its column in the lower one, and zeros fill the row up. Its product with a matrix costs what there
is of entries, where the dense product costs what there is of columns: on Amazon reviews 98 % of
that are zeros.
"""

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, UInt32

_DENSEST = 0.05  # share of entries up to which packed rows are the faster form by far
_HALF = 2**16
_RUN, _RUNS = 32, 32  # entries in a run, of one row; runs that are multiplied at once


def pack(sets: Sequence[Any], part: int = 8) -> list[np.ndarray] | None:
  """Packs vectors [n, d] of all sets into rows [n, l].

  None where that would not pay. It pays for counts below 65,536 of which at most one in twenty is
  not zero. The length l is a power of two of at least d / `part`, so that sets of one kind get one
  shape, and at most d / 2, so that nothing made for vectors takes packed rows for them.
  """
  columns = sets[0].shape[-1]
  if any(x.ndim != 2 or x.dtype.kind != "f" for x in sets) or not 64 <= columns <= _HALF:
    return None
  filled = [np.count_nonzero(x, axis=1) for x in sets]
  length = _power_of_two(max(columns / part, *(int(f.max(initial=0)) for f in filled)))
  entries, places = sum(int(f.sum()) for f in filled), sum(x.size for x in sets)
  if 2 * length > columns or entries > _DENSEST * places or not all(map(_counts, sets)):
    return None
  return [_packed(x, length) for x in sets]


def packed(x: Any) -> bool:
  """Whether x are packed rows; no other inputs are of that type."""
  return x.dtype == jnp.uint32


@jax.custom_vjp
def product(x: UInt32[Array, "b l"], kernel: Float[Array, "d h"]) -> Float[Array, "b h"]:
  """Product of packed rows and a kernel, as of dense rows.

  It has a gradient for the kernel, in reverse mode.
  """

  def add(i: jax.Array, out: jax.Array) -> jax.Array:
    rows, columns, counts = _taken(x, ends, i)
    sums = jnp.einsum("rk,rkh->rh", counts, kernel[columns].astype(jnp.float32))
    return out.at[rows].add(sums)

  ends = _ends(x)
  out = jnp.zeros((len(x), kernel.shape[1]), jnp.float32)
  return lax.fori_loop(0, _turns(ends), add, out).astype(kernel.dtype)


def _forward(x: Array, kernel: Array) -> tuple[Array, tuple[Array, Array]]:
  return product(x, kernel), (x, kernel)


def _backward(kept: tuple[Array, Array], g: Array) -> tuple[None, Array]:
  x, kernel = kept

  def add(i: jax.Array, out: jax.Array) -> jax.Array:
    rows, columns, counts = _taken(x, ends, i)
    each = counts[..., None] * g[rows].astype(jnp.float32)[:, None]  # [runs, run, h]
    return out.at[columns.ravel()].add(each.reshape(-1, g.shape[1]))

  ends = _ends(x)
  out = jnp.zeros(kernel.shape, jnp.float32)
  return None, lax.fori_loop(0, _turns(ends), add, out).astype(kernel.dtype)


product.defvjp(_forward, _backward)

# Rows are of any length, and a program's shapes are fixed. So a row is cut into runs, the runs that
# hold entries are numbered through the batch, and a loop goes through as many as there are.


def _ends(x: jax.Array) -> jax.Array:
  """[b] for each row, how many runs it and those above it have."""
  return jnp.cumsum(-(-jnp.count_nonzero(x, axis=1) // _RUN))


def _turns(ends: jax.Array) -> jax.Array:
  return -(-ends[-1] // _RUNS)


def _taken(x: jax.Array, ends: jax.Array, i: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Rows [runs], columns and counts [runs, run] of the loop's i-th turn; counts of 0 after the last."""
  number = i * _RUNS + jnp.arange(_RUNS)
  rows = jnp.searchsorted(ends, number, side="right", method="compare_all")
  rows = jnp.minimum(rows, len(x) - 1)
  place = number - jnp.where(rows > 0, ends[rows - 1], 0)
  there = number < ends[-1]
  entries = x.reshape(len(x), -1, _RUN)[rows, jnp.where(there, place, 0)]
  entries = jnp.where(there[:, None], entries, 0)
  return rows, (entries % _HALF).astype(jnp.int32), (entries // _HALF).astype(jnp.float32)


def _power_of_two(least: float) -> int:
  return max(_RUN, 1 << (int(np.ceil(least)) - 1).bit_length())


def _counts(x: np.ndarray) -> bool:
  return bool(((x >= 0) & (x < _HALF) & (x == np.trunc(x))).all())


def _packed(x: np.ndarray, length: int) -> np.ndarray:
  out = np.zeros((len(x), length), np.uint32)
  rows, columns = np.nonzero(x)
  first = np.searchsorted(rows, np.arange(len(x)))
  out[rows, np.arange(len(rows)) - first[rows]] = (
    x[rows, columns].astype(np.uint32) * _HALF + columns
  )
  return out
