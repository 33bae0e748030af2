"""Convolution with fewer products, by Winograd's minimal filtering.

The filtering is down the rows of an image. Eight rows hold four outputs of a kernel of five rows,
which take 20 products of their rows. Taken as polynomials in the row's number, the outputs are
known from eight values of a product of two polynomials, and so from eight products of sums of rows
(Winograd, 1980, "Arithmetic complexity of computations"; Lavin and Gray, 2016, arXiv:1509.09308).
In float32 that costs a factor of three in rounding; with it along both axes it would be fifteen,
for half of the products that are left.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

from adapt.models.canonical_conv import Sides

# Where the polynomials are evaluated, beside infinity: small, and exact in binary.
POINTS = (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5)
TILE = len(POINTS) + 1  # rows that are taken together


def matrices(taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """The transforms (of rows, of the kernel, of the products).

  They come before and after the products. With (r, k, p) of shapes [8, 8], [8, taps] and [9 - taps,
  8], the cross-correlation of 8 numbers x with `taps` numbers g is p @ ((k @ g) * (r @ x)).
  """
  points = np.array(POINTS)
  others = [np.delete(points, i) for i in range(len(points))]
  # Lagrange's polynomials: each is zero at all the other points; the last, of infinity, at all.
  rows = np.array([*(np.append(np.poly(o)[::-1], 0.0) for o in others), np.poly(points)[::-1]])
  scale = np.array([np.prod(a - o) for a, o in zip(points, others, strict=True)])

  def powers(count: int) -> np.ndarray:
    return np.vstack([points[:, None] ** np.arange(count), np.eye(count)[-1]])

  kernel = powers(taps) / np.append(scale, 1.0)[:, None]
  return rows, kernel, powers(TILE + 1 - taps).T


def conv_by_tiles(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"], sides: Sides
) -> Float[Array, "b h2 w2 o"]:
  """2-D cross-correlation with stride 1, for a p of at most 5.

  Winograd's products are down the rows, in tiles that overlap. Along them the kernel's columns lie
  side by side: those of the inputs, or those of the outputs if there are fewer channels of these.

  Args:
    x: images.
    kernel: its p rows are those that tiles save products of.
    sides: rows and columns of zeros, ((top, bottom), (left, right)).
  """
  (p, q, c, o), (b, h, w, _) = kernel.shape, x.shape
  (top, bottom), beside = sides
  step, rows, wide = TILE + 1 - p, h + top + bottom + 1 - p, w + sum(beside)
  tiles, columns = -(-rows // step), wide + 1 - q
  high = (tiles + 1) * step
  x = jnp.pad(x, ((0, 0), (top, high - h - top), beside, (0, 0)))
  before, of_kernel, after = (jnp.asarray(m, x.dtype) for m in matrices(p))

  # The same row of every tile: [8, b, tiles, wide, c]. A tile's last rows are the first of the next
  # one; strided slices would give the same, but their gradients are eight padded images.
  apart = x.reshape(b, tiles + 1, step, wide, c).transpose(2, 0, 1, 3, 4)
  taken = jnp.concatenate([apart[:, :, :tiles], apart[: TILE - step, :, 1:]])
  strips = (before @ taken.reshape(TILE, -1)).reshape(TILE, b * tiles, wide, c)
  weights = (of_kernel @ kernel.reshape(p, -1)).reshape(TILE, q, c, o)
  if c < o:
    seen = jnp.concatenate([strips[:, :, j : j + columns] for j in range(q)], axis=-1)
    products = _each(seen.reshape(TILE, -1, q * c), weights.reshape(TILE, q * c, o))
  else:
    moved = weights.swapaxes(1, 2).reshape(TILE, c, q * o)
    spread = _each(strips.reshape(TILE, -1, c), moved).reshape(TILE, b * tiles, wide, q, o)
    products = functools.reduce(jnp.add, (spread[:, :, j : j + columns, j] for j in range(q)))
  y = (after @ products.reshape(TILE, -1)).reshape(step, b, tiles, columns, o)
  return y.transpose(1, 2, 0, 3, 4).reshape(b, tiles * step, columns, o)[:, :rows]


def _each(one: Float[Array, "t m k"], other: Float[Array, "t k n"]) -> Float[Array, "t m n"]:
  return lax.dot_general(one, other, (((2,), (1,)), ((0,), (0,))))


def conv_max_pool_by_tiles(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"]
) -> Float[Array, "b h2 w2 o"]:
  """2-D cross-correlation, then the maximum of disjoint 2×2 windows.

  It is for an odd p below 8. Winograd's products down the rows, in tiles that overlap, and along
  them whole blocks of two outputs, as in layers.conv_max_pool_by_blocks: of what two neighbouring
  windows see.
  """
  (p, q, c, o), (b, h, w) = kernel.shape, x.shape[:3]
  step, rows, columns = TILE + 1 - p, (h - p + 1) // 2, (w - q + 1) // 2  # that come out
  tiles, q2 = -(-2 * rows // step), q // 2 + 1
  high, wide = (tiles - 1) * step + TILE, columns + q2 - 1
  more = [(0, max(size - there, 0)) for size, there in ((high, h), (2 * wide, w))]
  x = jnp.pad(x[:, :high, : 2 * wide], ((0, 0), *more, (0, 0)))
  before, of_kernel, after = (jnp.asarray(m, x.dtype) for m in matrices(p))

  # Taking the tiles and transforming them is one matrix: a product, and its gradient is one too.
  taken = jnp.stack(
    [jnp.pad(before, ((0, 0), (i * step, high - TILE - i * step))) for i in range(tiles)], 1
  )
  parts = taken.reshape(-1, high) @ x.swapaxes(0, 1).reshape(high, -1)
  blocks = jnp.split(parts.reshape(TILE, tiles * b, wide, 2 * c), wide, axis=2)
  seen = [jnp.concatenate(blocks[j : j + q2], axis=-1) for j in range(columns)]
  patches = jnp.concatenate(seen, axis=2).reshape(TILE, -1, 2 * q2 * c)

  weights = (of_kernel @ kernel.reshape(p, -1)).reshape(TILE, q, c, o)
  moved = [jnp.pad(weights, ((0, 0), (j, 2 * q2 - q - j), (0, 0), (0, 0))) for j in (0, 1)]
  weights = jnp.concatenate(moved, axis=-1).reshape(TILE, 2 * q2 * c, 2 * o)
  products = _each(patches, weights)

  # Even rows first, then odd ones: what is pooled are two halves, whose gradients are put together
  # again without moving anything.
  after = jnp.concatenate([after[0::2], after[1::2]])
  y = (after @ products.reshape(TILE, -1)).reshape(2, step // 2, tiles, b, columns, 2 * o)
  y = functools.reduce(jnp.maximum, jnp.split(y, 2, axis=0))[0]
  y = functools.reduce(jnp.maximum, jnp.split(y, 2, axis=-1))
  return y.transpose(2, 1, 0, 3, 4).reshape(b, -1, columns, o)[:, :rows]
