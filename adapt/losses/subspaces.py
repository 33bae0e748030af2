"""Discrepancies of regression: distances between subspaces and between Gram matrices.

Both stand on a singular value decomposition, whose gradient has 1 / (s_i² − s_j²) in it: it is damped here,
as the features of a network often have singular values that are nearly equal, or nearly 0.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.losses.kernels import PRECISION

DAMPING = 1e-6


@jax.custom_vjp
def svd(
  x: Float[Array, "m n"], damping: jax.Array | float = DAMPING
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Singular value decomposition with a damped gradient.

  x [m, n] = U diag(s) Vᵀ with m ≥ n; returns U [m, n], s [n] falling, and V [n, n]. The damping is in
  units of the largest squared singular value.
  """
  u, s, vt = jnp.linalg.svd(x, full_matrices=False)
  return u, s, vt.T


def _forward(
  x: jax.Array, damping: jax.Array | float
) -> tuple[tuple[jax.Array, jax.Array, jax.Array], tuple[Any, ...]]:
  found = svd(x, damping)
  return found, (*found, damping)


def _backward(
  found: tuple[Any, ...], by: tuple[jax.Array, jax.Array, jax.Array]
) -> tuple[jax.Array, None]:
  """The gradient by x of those by U, s and V (Townsend, 2016, eq. 30 to 33, its quotients damped)."""
  (u, s, v, damping), (du, ds, dv) = found, by
  least = damping * s[0] ** 2 + 1e-12
  gaps = s[None] ** 2 - s[:, None] ** 2
  quotient = gaps / (gaps**2 + least**2)  # its diagonal is 0
  j = quotient * _product(u.T, du)
  k = quotient * _product(v.T, dv)
  inner = (j + j.T) * s + s[:, None] * (k + k.T) + jnp.diag(ds)
  outside = (du - _product(u, _product(u.T, du))) * (s / (s**2 + least))
  return (_product(_product(u, inner) + outside, v.T), None)


def _product(a: jax.Array, b: jax.Array) -> jax.Array:
  return jnp.matmul(a, b, precision=PRECISION)


svd.defvjp(_forward, _backward)


def subspace_distance(
  fs: Float[Array, "n d"],
  ft: Float[Array, "n d"],
  mismatch: float = 0.01,
  damping: jax.Array | float = DAMPING,
) -> Float[Array, ""]:
  """Representation subspace distance: sines of the angles between two samples' spans.

  Source: Chen et al., ICML 2021, equations 7 to 10. Both bases are the left singular vectors of the
  features as columns, P_s diag(cos θ) P_tᵀ = U_sᵀ U_t, and the distance is Σ sin θ, to which the bases'
  mismatch ‖|P_s| − |P_t|‖_F is added. Where re-implementations go wrong: features are not centred,
  as their scale and mean matter to a regression; a span is of the examples of a batch, n < d.

  Args:
    fs: source features [n, d].
    ft: as many target features [n, d].
    mismatch: factor of the mismatch of the bases.
    damping: of the decompositions' gradients.

  Raises:
    ValueError: as many examples as features, whose spans are both everything.
  """
  n, d = fs.shape
  if n >= d:
    raise ValueError(
      f"{n} examples span all {d} features, so their subspaces are alike: give a smaller batch"
    )
  us, ut = svd(fs.T, damping)[0], svd(ft.T, damping)[0]  # [d, n]
  ps, cosines, pt = svd(_product(us.T, ut), damping)  # [n, n]
  sines = jnp.sqrt(jnp.maximum(1 - cosines**2, 1e-6))  # whose slope at 0 has no end
  return sines.sum() + mismatch * ops.length((jnp.abs(ps) - jnp.abs(pt)).ravel())


def inverse_gram(
  fs: Float[Array, "n d"], ft: Float[Array, "m d"], threshold: float = 0.9
) -> tuple[Float[Array, ""], Float[Array, ""]]:
  """Angle and scale between the inverse Gram matrices of two samples.

  Source: Nejjar et al., CVPR 2023, equations 4 to 9. A column of ones joins the features, G = FᵀF, and
  the least-squares solution of the last layer is G⁻¹ Fᵀ y: so it is G⁻¹ that is to agree. The
  pseudo-inverse keeps the k leading eigenvalues, one less than stay within `threshold` of their sum, the
  larger k of the two domains. Where re-implementations go wrong: G is a sum over the batch, not a mean.

  Args:
    fs: source features [n, d].
    ft: target features [m, d].
    threshold: share of the eigenvalues' sum; the first eigenvalue is kept whatever its own.

  Returns:
    The mean over columns of |1 − cosine| between the two pseudo-inverses, and the distance of the k
    leading eigenvalues, divided by k.
  """
  parts = [svd(_gram(f)) for f in (fs, ft)]
  k = jnp.maximum(*(_leading(s, threshold) for _, s, _ in parts))
  kept = jnp.arange(len(parts[0][1])) < k
  first, second = (_product(v * jnp.where(kept, 1 / s, 0.0), u.T) for u, s, v in parts)
  lengths = _lengths(first) * _lengths(second)  # small themselves, so that a floor would count
  angle = jnp.abs(1 - (first * second).sum(axis=0) / lengths).mean()
  apart = jnp.where(kept, parts[0][1] - parts[1][1], 0.0)
  return angle, ops.length(apart) / k


def _gram(f: Float[Array, "n d"]) -> Float[Array, "d+1 d+1"]:
  f = jnp.concatenate([jnp.ones((len(f), 1), f.dtype), f], axis=1)
  return _product(f.T, f)


def _leading(s: Float[Array, " d"], threshold: float) -> jax.Array:
  """How many eigenvalues count: the last place whose share of the sum is within the threshold."""
  share = lax.stop_gradient(jnp.cumsum(s) / s.sum())
  return jnp.maximum((share <= jnp.maximum(threshold, share[1])).sum() - 1, 1)


def _lengths(x: Float[Array, "n d"]) -> Float[Array, " d"]:
  return jnp.sqrt(jnp.maximum((x**2).sum(axis=0), 1e-24))
