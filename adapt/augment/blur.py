"""Gaussian blur of an image."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Image = Float[Array, "h w c"]


def gaussian(x: Image, sigma: jax.Array | float) -> Image:
  """Gaussian blur, its standard deviation in pixels.

  At the borders the weights of what lies inside sum to 1.
  """

  def weights(n: int) -> jax.Array:
    apart = jnp.arange(n)[:, None] - jnp.arange(n)
    w = jnp.exp(-0.5 * (apart / sigma) ** 2)
    return w / w.sum(axis=1, keepdims=True)

  h, w, _ = x.shape
  return jnp.einsum("ih,hwc,jw->ijc", weights(h), x, weights(w))
