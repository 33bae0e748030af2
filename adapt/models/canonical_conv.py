"""A convolution whose gradients are in the layout fast on XLA:CPU.

XLA's own gradients are of other layouts, which are brought to that one only outside of loops: inside a
scan, where training runs, they take 10–20 times as long.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Sides = tuple[tuple[int, int], tuple[int, int]]


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def canonical_conv(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"], pads: Sides
) -> Float[Array, "b h2 w2 o"]:
  """2-D cross-correlation with stride 1; pads are ((top, bottom), (left, right)).

  Differentiable backwards any number of times; not forwards (jax.jvp).
  """
  return lax.conv_general_dilated(
    x, kernel, (1, 1), pads, dimension_numbers=("NHWC", "HWIO", "NHWC")
  )


def _forward(x: jax.Array, kernel: jax.Array, pads: Sides) -> tuple[jax.Array, tuple]:
  return canonical_conv(x, kernel, pads), (x, kernel)


def _backward(pads: Sides, seen: tuple, slope: jax.Array) -> tuple[jax.Array, jax.Array]:
  x, kernel = seen
  turned = jnp.flip(kernel, (0, 1)).swapaxes(2, 3)
  (top, bottom), (left, right) = pads
  p, q = kernel.shape[0] - 1, kernel.shape[1] - 1
  of_x = canonical_conv(slope, turned, ((p - top, p - bottom), (q - left, q - right)))
  # The examples are what is summed over, so they are the channels: [c, h, w, b] with [h2, w2, b, o].
  of_kernel = canonical_conv(x.transpose(3, 1, 2, 0), slope.transpose(1, 2, 0, 3), pads)
  return of_x, of_kernel.transpose(1, 2, 0, 3)


canonical_conv.defvjp(_forward, _backward)
