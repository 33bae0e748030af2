"""How far apart two samples are: CORAL (arXiv:1607.01719), MMD (JMLR 13), JMMD (arXiv:1605.06636).

Arrays in, scalar out; every function is differentiable, and safe under jit and vmap. All Gaussian
kernels here read k(x, y) = exp(−‖x − y‖² / bandwidth): a bandwidth is a squared length.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float

# DAN's family of kernels, as multiples of the median squared distance.
MULTIPLES = (0.25, 0.5, 1.0, 2.0, 4.0)

# TPUs and tensor cores multiply in reduced precision by default, which the differences of large,
# almost equal numbers taken below do not survive.
_PRECISION = lax.Precision.HIGHEST


def coral(fs: Float[Array, "n d"], ft: Float[Array, "m d"]) -> Float[Array, ""]:
  """Squared distance between the covariances of two samples.

  Source: Sun & Saenko, Deep CORAL (2016), equations 1 to 3. Where re-implementations go wrong: the
  covariances are d×d, over examples, not n×n; they divide by n − 1; and the norm is squared.

  Args:
    fs: source features or logits [n, d].
    ft: target features or logits [m, d].

  Returns:
    ‖C_s − C_t‖²_F / (4 d²), in the fourth power of the features' unit.

  Raises:
    ValueError: a sample has fewer than two rows.
  """
  _need_two(fs, ft, "coral")
  difference = _covariance(fs) - _covariance(ft)  # [d, d]
  return jnp.sum(difference**2) / (4 * fs.shape[1] ** 2)


def mmd(
  fs: Float[Array, "n d"],
  ft: Float[Array, "m d"],
  bandwidths: Float[Array, " c"] | Sequence[float] | None = None,
  *,
  unbiased: bool = False,
) -> Float[Array, ""]:
  """Squared maximum mean discrepancy under an average of Gaussian kernels.

  Source: Gretton et al. (2012), Lemma 6 (unbiased) and equation 5 (biased, here squared); the
  family of bandwidths around the median is that of DAN (Long et al., 2015, arXiv:1502.02791), with
  equal weights instead of learned ones. Where re-implementations go wrong: the bandwidth is a
  constant, so no gradient may flow through the median; and the unbiased estimate leaves the
  diagonals out, so it can be negative and must not be put under a root.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    bandwidths: one per kernel, in squared units of the features; None for `MULTIPLES` of the
      median squared distance.
    unbiased: the U-statistic instead of the V-statistic.

  Returns:
    MMD², between 0 and 2 if biased; 0 for equal samples.

  Raises:
    ValueError: unbiased, and a sample has fewer than two rows.
  """
  return _two_sample(_pooled_kernel(fs, ft, bandwidths), len(fs), unbiased)


def joint_mmd(
  fs: Sequence[Float[Array, "n _"]],
  ft: Sequence[Float[Array, "m _"]],
  bandwidths: Sequence[Sequence[float] | None] | None = None,
  *,
  unbiased: bool = False,
) -> Float[Array, ""]:
  """Squared discrepancy between the joint distributions of several layers.

  Source: Long et al., JAN (2017), the empirical JMMD: the kernel of two examples is the product of
  their layers' kernels. Where re-implementations go wrong: it is that product, not the sum of one
  MMD per layer, which would only compare marginals.

  Args:
    fs: source activations, one [n, d_l] per layer (features and class probabilities in the paper).
    ft: target activations, one [m, d_l] per layer.
    bandwidths: for each layer what `mmd` takes; None for the median heuristic in every layer.
    unbiased: the U-statistic instead of the V-statistic.

  Returns:
    The squared discrepancy, between 0 and 2 if biased.

  Raises:
    ValueError: the numbers of layers differ, or unbiased and a sample has fewer than two rows.
  """
  bandwidths = [None] * len(fs) if bandwidths is None else bandwidths
  if not len(fs) == len(ft) == len(bandwidths) > 0:
    counts = f"{len(fs)}, {len(ft)}, {len(bandwidths)}"
    raise ValueError(
      f"joint_mmd got {counts} layers: give one source, target, bandwidths per layer"
    )
  kernel = _pooled_kernel(fs[0], ft[0], bandwidths[0])
  for source, target, scale in zip(fs[1:], ft[1:], bandwidths[1:], strict=True):
    kernel = kernel * _pooled_kernel(source, target, scale)
  return _two_sample(kernel, len(fs[0]), unbiased)


def squared_distances(x: Float[Array, "n d"], y: Float[Array, "m d"]) -> Float[Array, "n m"]:
  """‖x_i − y_j‖² for all pairs, never negative.

  Expanded into inner products, so that no [n, m, d] array is built. Both are first shifted by the
  mean of y, which changes no distance but most of the rounding.
  """
  center = lax.stop_gradient(y.mean(axis=0))
  x, y = x - center, y - center
  inner = jnp.matmul(x, y.T, precision=_PRECISION)  # [n, m]
  return jnp.maximum(jnp.sum(x**2, axis=1)[:, None] + jnp.sum(y**2, axis=1) - 2 * inner, 0.0)


def median_bandwidth(distances: Float[Array, "n n"]) -> Float[Array, ""]:
  """The median over distinct pairs of a matrix of squared distances, as a constant.

  1 if half of the pairs coincide, where a median of 0 would divide by zero.
  """
  pairs = distances[np.triu_indices(len(distances), 1)]  # the diagonal's zeros are no distances
  median = lax.stop_gradient(jnp.median(pairs))
  return jnp.where(median > 0, median, 1.0)


def _pooled_kernel(
  fs: jax.Array, ft: jax.Array, bandwidths: jax.Array | Sequence[float] | None
) -> Float[Array, "k k"]:
  """Mean of Gaussian kernels over source and target together; k = n + m."""
  pooled = jnp.concatenate([fs, ft])
  distances = squared_distances(pooled, pooled)
  if bandwidths is None:
    scales = median_bandwidth(distances) * jnp.asarray(MULTIPLES, distances.dtype)
  else:
    scales = jnp.atleast_1d(jnp.asarray(bandwidths, distances.dtype))
  return jnp.exp(-distances[..., None] / scales).mean(axis=-1)


def _two_sample(kernel: Float[Array, "k k"], n: int, unbiased: bool) -> Float[Array, ""]:
  """MMD² from the kernel matrix of the pooled sample, whose first n rows are the source's."""
  ss, tt, st = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
  if not unbiased:
    return ss.mean() + tt.mean() - 2 * st.mean()
  _need_two(ss, tt, "the unbiased estimate")
  return _off_diagonal_mean(ss) + _off_diagonal_mean(tt) - 2 * st.mean()


def _off_diagonal_mean(kernel: Float[Array, "n n"]) -> Float[Array, ""]:
  n = len(kernel)
  return (jnp.sum(kernel) - jnp.trace(kernel)) / (n * (n - 1))


def _covariance(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
  x = x - x.mean(axis=0)
  return jnp.matmul(x.T, x, precision=_PRECISION) / (len(x) - 1)


def _need_two(source: jax.Array, target: jax.Array, what: str) -> None:
  if min(len(source), len(target)) < 2:
    raise ValueError(f"{what} needs two examples per domain: use a larger batch")
