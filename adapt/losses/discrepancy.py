"""Discrepancies between two samples.

They are MMD (JMLR 13), JMMD, LMMD, CORAL, CMD, HoMM and sliced Wasserstein.

Arrays in, scalar out; every function is differentiable, and safe under jit and vmap. Its Gaussian
kernels and their bandwidths are those of `kernels`.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.losses import ops
from adapt.losses.kernels import PRECISION, pooled_kernel

ESTIMATES = ("biased", "unbiased", "linear")


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


def cmd(
  fs: Float[Array, "n d"], ft: Float[Array, "m d"], moments: int = 5, span: jax.Array | float = 1.0
) -> Float[Array, ""]:
  """Central moment discrepancy, per coordinate.

  It sums distances of the means and of the central moments.

  Source: Zellinger et al. (2017), Definition 2. Where re-implementations go wrong: the lengths are
  not squared, and the gradient of a length is undefined at zero, which is NaN for equal samples.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    moments: the highest moment, at least 1.
    span: b − a of the interval [a, b] in which each feature lies.

  Returns:
    Σ_k ‖C_k(s) − C_k(t)‖₂ / span^k; C_1 is the mean.

  Raises:
    ValueError: moments < 1.
  """
  if moments < 1:
    raise ValueError(f"cmd of {moments} moments: choose at least 1")
  means = fs.mean(axis=0), ft.mean(axis=0)
  cs, ct = fs - means[0], ft - means[1]
  total = ops.length(means[0] - means[1]) / span
  for k in range(2, moments + 1):
    total += ops.length((cs**k).mean(axis=0) - (ct**k).mean(axis=0)) / span**k
  return total


def homm(
  fs: Float[Array, "n d"],
  ft: Float[Array, "m d"],
  order: int = 3,
  entries: Int[Array, "e order"] | None = None,
) -> Float[Array, ""]:
  """Mean squared difference of two moment tensors' entries, of any order.

  Source: Chen et al. (2020). The tensor E[x ⊗ … ⊗ x] has d^order entries, yet
  the inner product of two such is E[(x · y)^order]: the whole sum costs O((n + m)² d) and no tensor
  is built. Where re-implementations go wrong: features are centred in each domain first.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    order: of the tensors, at least 1.
    entries: the entries to compare, as indices of features; None for all of them.

  Returns:
    ‖T_s − T_t‖²_F / d^order, or the mean over the entries.

  Raises:
    ValueError: order < 1.
  """
  if order < 1:
    raise ValueError(f"homm of order {order}: choose at least 1")
  cs, ct = fs - fs.mean(axis=0), ft - ft.mean(axis=0)
  if entries is not None:
    source, target = (c[:, entries].prod(axis=-1).mean(axis=0) for c in (cs, ct))  # [e]
    return jnp.mean((source - target) ** 2)

  def inner(x: jax.Array, y: jax.Array) -> jax.Array:
    # Divided before the power, so that it neither over- nor underflows.
    return ((jnp.matmul(x, y.T, precision=PRECISION) / x.shape[1]) ** order).mean()

  return inner(cs, cs) + inner(ct, ct) - 2 * inner(cs, ct)


def sliced_wasserstein(
  p: Float[Array, "n k"], q: Float[Array, "n k"], directions: Float[Array, "k c"]
) -> Float[Array, ""]:
  """Mean squared 2-Wasserstein distance of two samples' projections on lines.

  Source: Lee et al. (2019), Algorithm 1. In one dimension the best transport pairs in sorted order.

  Args:
    p: points [n, k].
    q: as many points [n, k].
    directions: unit vectors, as columns [k, c].
  """
  first, second = (jnp.sort(jnp.matmul(v, directions, precision=PRECISION), 0) for v in (p, q))
  return jnp.mean((first - second) ** 2)


def mmd(
  fs: Float[Array, "n d"],
  ft: Float[Array, "m d"],
  bandwidths: Float[Array, " c"] | Sequence[float] | None = None,
  *,
  estimate: str = "biased",
) -> Float[Array, ""]:
  """Squared maximum mean discrepancy under an average of Gaussian kernels.

  Source: Gretton et al. (2012), Lemma 6 (unbiased), equation 5 (biased, here squared) and Lemma 14
  (linear); bandwidths around the median as in DAN (Long et al., 2015, arXiv:1502.02791), weighed
  equally. Where re-implementations go wrong: the bandwidth is a constant, so no gradient may flow
  through the median; unbiased estimates can be negative and must not be put under a root.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    bandwidths: one per kernel, in squared units of the features; None for `MULTIPLES` of the
      median squared distance.
    estimate: "biased", the V-statistic; "unbiased", the U-statistic; "linear", over disjoint pairs
      of neighbouring rows, unbiased and noisier.

  Returns:
    MMD², between 0 and 2 if biased; 0 for equal samples.

  Raises:
    ValueError: an unknown estimate, or not biased and a sample has fewer than two rows.
  """
  return _two_sample(pooled_kernel(fs, ft, bandwidths), len(fs), estimate)


def joint_mmd(
  fs: Sequence[Float[Array, "n _"]],
  ft: Sequence[Float[Array, "m _"]],
  bandwidths: Sequence[Sequence[float] | None] | None = None,
  *,
  estimate: str = "biased",
) -> Float[Array, ""]:
  """Squared discrepancy between the joint distributions of several layers.

  Source: Long et al., JAN (2017, arXiv:1605.06636), the empirical JMMD: the kernel of two examples
  is the product of their layers' kernels. Where re-implementations go wrong: it is that product,
  not the sum of one MMD per layer, which would only compare marginals.

  Args:
    fs: source activations, one [n, d_l] per layer (features and class probabilities in the paper).
    ft: target activations, one [m, d_l] per layer.
    bandwidths: for each layer what `mmd` takes; None for the median heuristic in every layer.
    estimate: as in `mmd`.

  Returns:
    The squared discrepancy, between 0 and 2 if biased.

  Raises:
    ValueError: the numbers of layers differ, or as in `mmd`.
  """
  bandwidths = [None] * len(fs) if bandwidths is None else bandwidths
  if not len(fs) == len(ft) == len(bandwidths) > 0:
    counts = f"{len(fs)}, {len(ft)}, {len(bandwidths)}"
    raise ValueError(
      f"joint_mmd got {counts} layers: give one source, target, bandwidths per layer"
    )
  kernel = pooled_kernel(fs[0], ft[0], bandwidths[0])
  for source, target, scale in zip(fs[1:], ft[1:], bandwidths[1:], strict=True):
    kernel = kernel * pooled_kernel(source, target, scale)
  return _two_sample(kernel, len(fs[0]), estimate)


def local_mmd(
  fs: Float[Array, "n d"],
  ft: Float[Array, "m d"],
  ys: Int[Array, " n"],
  pt: Float[Array, "m k"],
  bandwidths: Float[Array, " c"] | Sequence[float] | None = None,
) -> Float[Array, ""]:
  """Squared MMD within each class, averaged over the classes.

  It compares the same class in both samples.

  Source: Zhu et al., DSAN (2020). Where re-implementations go wrong: a class that
  a batch lacks has no distribution to compare and must not be counted; the probabilities only
  weigh examples, so no gradient flows into them.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    ys: source labels [n].
    pt: class probabilities of the target examples [m, k].
    bandwidths: as in `mmd`.

  Returns:
    The mean over the classes with a source example and a target prediction; 0 if there are none.
  """
  classes = pt.shape[1]
  labels, pt = jax.nn.one_hot(ys, classes), lax.stop_gradient(pt)
  predicted = jax.nn.one_hot(pt.argmax(axis=1), classes)
  there = (labels.sum(axis=0) > 0) & (predicted.sum(axis=0) > 0)  # [k]
  shares = [w / jnp.maximum(w.sum(axis=0), 1e-12) * there for w in (labels, pt)]
  signed = jnp.concatenate([shares[0], -shares[1]])  # [n + m, k], each class sums to 1 − 1
  kernel = pooled_kernel(fs, ft, bandwidths)
  return jnp.sum(kernel * (signed @ signed.T)) / jnp.maximum(there.sum(), 1)


def _two_sample(kernel: Float[Array, "k k"], n: int, estimate: str) -> Float[Array, ""]:
  """MMD² from the kernel matrix of the pooled sample.

  The first n rows are the source's.
  """
  check_estimate(estimate)
  ss, tt, st = kernel[:n, :n], kernel[n:, n:], kernel[:n, n:]
  if estimate == "biased":
    return ss.mean() + tt.mean() - 2 * st.mean()
  _need_two(ss, tt, f"the {estimate} estimate")
  if estimate == "unbiased":
    return _off_diagonal_mean(ss) + _off_diagonal_mean(tt) - 2 * st.mean()
  i = np.arange(0, min(len(ss), len(tt)) - 1, 2)
  return (ss[i, i + 1] + tt[i, i + 1] - st[i, i + 1] - st[i + 1, i]).mean()


def check_estimate(estimate: str) -> None:
  """Raise ValueError for an estimate that `mmd` does not know."""
  if estimate not in ESTIMATES:
    raise ValueError(f"unknown estimate '{estimate}': choose from {', '.join(ESTIMATES)}")


def _off_diagonal_mean(kernel: Float[Array, "n n"]) -> Float[Array, ""]:
  n = len(kernel)
  return (jnp.sum(kernel) - jnp.trace(kernel)) / (n * (n - 1))


def _covariance(x: Float[Array, "n d"]) -> Float[Array, "d d"]:
  x = x - x.mean(axis=0)
  return jnp.matmul(x.T, x, precision=PRECISION) / (len(x) - 1)


def _need_two(source: jax.Array, target: jax.Array, what: str) -> None:
  if min(len(source), len(target)) < 2:
    raise ValueError(f"{what} needs two examples per domain: use a larger batch")
