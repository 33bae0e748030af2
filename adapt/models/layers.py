"""Convolution and pooling in the form that is fast on the backend at hand; same numbers on each.

On XLA:CPU the gradient of a native convolution is slow, and 10–20 times slower still inside a scan.
As shifted slices and one matrix product it is not, so that is what training on a CPU gets; without
a gradient the native one is three times faster.
"""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def conv(
  x: Float[Array, "b h w c"],
  kernel: Float[Array, "p q c o"],
  stride: int = 1,
  padding: int = 0,
  *,
  train: bool,
) -> Float[Array, "b h2 w2 o"]:
  """2-D cross-correlation, the same padding on all four sides; `train` if a gradient will follow."""
  if jax.default_backend() != "cpu" or not train:
    pads = [(padding, padding)] * 2
    dims = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, (stride, stride), pads, dimension_numbers=dims)
  return conv_by_patches(x, kernel, stride, padding)


def conv_by_patches(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"], stride: int, padding: int
) -> Float[Array, "b h2 w2 o"]:
  """The same as slices of x side by side, times the kernel as a matrix."""
  p, q, c, o = kernel.shape
  x = jnp.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
  b, h, w, _ = x.shape
  rows, columns = (h - p) // stride + 1, (w - q) // stride + 1
  slices = [
    x[:, i : i + stride * (rows - 1) + 1 : stride, j : j + stride * (columns - 1) + 1 : stride]
    for i in range(p)
    for j in range(q)
  ]
  patches = jnp.concatenate(slices, axis=-1).reshape(-1, p * q * c)  # [b·rows·columns, p·q·c]
  return (patches @ kernel.reshape(-1, o)).reshape(b, rows, columns, o)


def max_pool(x: Float[Array, "b h w c"], window: int = 2) -> Float[Array, "b h2 w2 c"]:
  """Maximum over disjoint windows; rows and columns that do not fill one are dropped.

  As a reshape, whose gradient is several times faster than that of reduce_window on a CPU.
  """
  b, h, w, c = x.shape
  h, w = h // window, w // window
  x = x[:, : h * window, : w * window].reshape(b, h, window, w, window, c)
  return x.max(axis=(2, 4))


# Uniform in ±1/√fan_in, PyTorch's default, under which the published baselines of these networks
# were made; linen's own has three times the variance.
INIT = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
Dense = functools.partial(nn.Dense, kernel_init=INIT)


class Conv(nn.Module):
  """Square convolution with bias, parameters named as linen's own."""

  features: int
  size: int
  stride: int = 1
  padding: int = 0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    shape = (self.size, self.size, x.shape[-1], self.features)
    kernel = self.param("kernel", INIT, shape)
    bias = self.param("bias", nn.initializers.zeros, (self.features,))
    x, kernel, bias = (v.astype(self.dtype) for v in (x, kernel, bias))
    return conv(x, kernel, self.stride, self.padding, train=train) + bias
