"""Quantiles of a smoothed sample, with their exact derivatives."""

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm
from jaxtyping import Array, Float

_HALVINGS = 40  # float32 has 24 bits; the bracket is some bandwidths wide


def smoothed_quantile(
  values: Float[Array, " s"], there: Float[Array, " s"], level: jax.Array | float
) -> Float[Array, ""]:
  """Quantile of a Gaussian kernel density estimate of a few numbers.

  The bandwidth is 1.06 · σ · n^(−1/5), σ divided by n − 1, as in EQRM (Eastwood et al., 2022). The
  derivative is that of the root, by the implicit function theorem: each value counts by its
  kernel's density there, and the bandwidth moves with the values.

  Args:
    values: the sample.
    there: 1 for values that count, 0 for others.
    level: of the quantile, between 0 and 1.

  Returns:
    The quantile; of values that are all alike, or of one alone, that value.
  """
  there = there.astype(values.dtype)
  count = jnp.maximum(there.sum(), 1)
  part = there / count
  mean = part @ values
  variance = there @ (values - mean) ** 2 / jnp.maximum(count - 1, 1)
  spread = variance > 1e-12
  # Where nothing is spread the root is the mean, and a width of 1 keeps NaN out of the gradient.
  width = 1.06 * jnp.sqrt(jnp.where(spread, variance, 1.0)) * count**-0.2

  inside = jnp.where(there > 0, values, mean)
  fixed, own = jax.lax.stop_gradient((inside, width))
  edge = own * norm.ppf(jnp.asarray([level, 1 - level])).max() + own
  low, high = fixed.min() - edge, fixed.max() + edge

  def halved(_: int, bracket: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
    low, high = bracket
    middle = (low + high) / 2
    below = part @ norm.cdf((middle - fixed) / own) < level
    return jnp.where(below, middle, low), jnp.where(below, high, middle)

  low, high = jax.lax.fori_loop(0, _HALVINGS, halved, (low, high))
  root = (low + high) / 2
  # A Newton step whose value is nothing and whose derivative is the root's.
  left = part @ norm.cdf((root - values) / width)
  density = jnp.where(spread, part @ norm.pdf((root - fixed) / own) / own, 1.0)
  moved = root - (left - jax.lax.stop_gradient(left)) / density
  return jnp.where(spread, moved, mean)
