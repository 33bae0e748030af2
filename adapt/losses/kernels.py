"""Pairwise squared distances and Gaussian kernels.

A kernel is k(x, y) = exp(−‖x − y‖² / bandwidth): a bandwidth is a squared length. Several kernels
are averaged, where published code often adds them up.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

# DAN's family of kernels, as multiples of the median squared distance.
MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)

# TPUs and tensor cores multiply in reduced precision by default, which the differences of large,
# almost equal numbers taken below do not survive.
PRECISION = lax.Precision.HIGHEST


def squared_distances(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
  """‖x_i − y_j‖² for all pairs, never negative.

  Expanded into inner products, so that no [n, m, d] array is built. Both are first shifted by the
  mean of y, which changes no distance but most of the rounding.
  """
  center = lax.stop_gradient(y.mean(axis=0))
  x, y = x - center, y - center
  inner = jnp.matmul(x, y.T, precision=PRECISION)  # [n, m]
  return jnp.maximum(jnp.sum(x**2, axis=1)[:, None] + jnp.sum(y**2, axis=1) - 2 * inner, 0.0)


def median_bandwidth(distances: Float[Array, "n n"]) -> Float[Array, ""]:
  """Median squared distance over distinct pairs, as a constant.

  The input is a matrix of squared distances.

  1 if half of the pairs coincide, where a median of 0 would divide by zero.
  """
  n = len(distances)
  count = n * (n - 1) // 2
  # Numbers that are not negative are in the order of their bits, so the median's are found one by one
  # by counting: a sort of all pairs costs more, and a list of pairs more memory than all the kernels.
  bits = lax.bitcast_convert_type(lax.stop_gradient(distances).astype(jnp.float32), jnp.int32)
  pair = jnp.arange(n)[:, None] < jnp.arange(n)  # the diagonal's zeros are no distances

  def smallest(rank: int) -> jax.Array:
    def narrowed(i: jax.Array, found: jax.Array) -> jax.Array:
      more = found + (1 << 30 >> i)
      return jnp.where(jnp.sum((bits < more) & pair) <= rank, more, found)

    return lax.bitcast_convert_type(lax.fori_loop(0, 31, narrowed, jnp.int32(0)), jnp.float32)

  median = (smallest((count - 1) // 2) + smallest(count // 2)) / 2
  return jnp.where(median > 0, median, 1.0)


def pooled_kernel(
  fs: jax.Array, ft: jax.Array, bandwidths: jax.Array | Sequence[float] | None
) -> Float[Array, "k k"]:
  """Mean Gaussian kernel matrix of pooled source and target.

  k = n + m.
  """
  pooled = jnp.concatenate([fs, ft])
  distances = squared_distances(pooled, pooled)
  if bandwidths is None:
    scales = median_bandwidth(distances) * jnp.asarray(MULTIPLES, distances.dtype)
  else:
    scales = jnp.atleast_1d(jnp.asarray(bandwidths, distances.dtype))
  return jnp.exp(-distances[..., None] / scales).mean(axis=-1)
