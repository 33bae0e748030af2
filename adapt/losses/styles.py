"""Style and content of features: their moments, and what remains."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

EPS, MAPS_EPS = 1e-5, 1e-6  # SagNet's and MixStyle's, added to variances


def parted(x: Float[Array, "b d"]) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Parts each example's features into content [b, d] and style.

  The style is their mean and variance, [b, 1] each. The variance divides by d − 1, and the content has
  mean 0 and variance 1.
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


def maps_mixed(
  x: Float[Array, "b *p c"], other: jax.Array, own: Float[Array, " b"]
) -> Float[Array, "b *p c"]:
  """Each map's content in a style between its own and another's.

  The style is mean and standard deviation of each channel over the places, which are constants for
  the gradient.

  Args:
    x: feature maps.
    other: the partner of each example, [b] int32.
    own: share of its own style.
  """
  places = tuple(range(1, x.ndim - 1))
  fixed = jax.lax.stop_gradient(x)
  mean = fixed.mean(axis=places, keepdims=True)
  several = int(math.prod(x.shape[1:-1]) > 1)  # the variance divides by n − 1, as torch's
  deviation = jnp.sqrt(fixed.var(axis=places, keepdims=True, ddof=several) + MAPS_EPS)
  own = own.reshape(-1, *(1,) * (x.ndim - 1))
  mixed = [own * style + (1 - own) * style[other] for style in (mean, deviation)]
  return (x - mean) / deviation * mixed[1] + mixed[0]
