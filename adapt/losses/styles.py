"""Style and content of features: an example's mean and deviation, and what is left without them."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

EPS = 1e-5  # SagNet's, added to variances


def parted(x: Float[Array, "b d"]) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Content [b, d], and mean and variance [b, 1] over the features of each example.

  The variance divides by d − 1, and the content has mean 0 and variance 1.
  """
  mean, variance = x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True, ddof=1)
  return (x - mean) / jnp.sqrt(variance + EPS), mean, variance


def style_mixed(
  x: Float[Array, "b d"], other: jax.Array, own: Float[Array, "b 1"]
) -> Float[Array, "b d"]:
  """Each example's content in a style between its own and another's.

  Args:
    x: features.
    other: the partner of each example, [b] int32.
    own: share of its own style.
  """
  content, mean, variance = parted(x)
  mean = own * mean + (1 - own) * mean[other]
  variance = own * variance + (1 - own) * variance[other]
  return content * jnp.sqrt(variance + EPS) + mean


def content_swapped(x: Float[Array, "b d"], other: jax.Array) -> Float[Array, "b d"]:
  """Each example's style with another's content, which is a constant."""
  content, mean, variance = parted(x)
  return jax.lax.stop_gradient(content[other]) * jnp.sqrt(variance + EPS) + mean
