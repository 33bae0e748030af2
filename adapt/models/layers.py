"""Convolution and pooling in the form that is fast on the backend at hand; same numbers on each.

On XLA:CPU the gradient of a native convolution is slow, and 10–20 times slower still inside a scan.
As shifted slices and one matrix product it is not, so that is what training on a CPU gets; without
a gradient the native one is three times faster. A depthwise convolution is slow there in both, and
a sum of shifted slices is not.
"""

import functools
from collections.abc import Callable
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

# Rows and columns of zeros around an image: on all four sides, or ((top, bottom), (left, right)).
Padding = int | tuple[tuple[int, int], tuple[int, int]]
_DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def conv(
  x: Float[Array, "b h w c"],
  kernel: Float[Array, "p q c o"],
  stride: int = 1,
  padding: Padding = 0,
  *,
  train: bool,
) -> Float[Array, "b h2 w2 o"]:
  """2-D cross-correlation; `train` if a gradient will follow."""
  if jax.default_backend() != "cpu" or not train:
    return lax.conv_general_dilated(
      x, kernel, (stride, stride), sides(padding), dimension_numbers=_DIMENSIONS
    )
  return conv_by_patches(x, kernel, stride, padding)


def conv_by_patches(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"], stride: int, padding: Padding
) -> Float[Array, "b h2 w2 o"]:
  """The same as slices of x side by side, times the kernel as a matrix."""
  p, q, c, o = kernel.shape
  slices = shifted(x, (p, q), stride, padding)
  b, rows, columns, _ = slices[0].shape
  patches = jnp.concatenate(slices, axis=-1).reshape(-1, p * q * c)  # [b·rows·columns, p·q·c]
  return (patches @ kernel.reshape(-1, o)).reshape(b, rows, columns, o)


def depthwise(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q 1 c"], stride: int, padding: Padding
) -> Float[Array, "b h2 w2 c"]:
  """2-D cross-correlation of each channel with its own kernel."""
  if jax.default_backend() != "cpu":
    return lax.conv_general_dilated(
      x,
      kernel,
      (stride, stride),
      sides(padding),
      dimension_numbers=_DIMENSIONS,
      feature_group_count=x.shape[-1],
    )
  return depthwise_by_slices(x, kernel, stride, padding)


def depthwise_by_slices(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q 1 c"], stride: int, padding: Padding
) -> Float[Array, "b h2 w2 c"]:
  """The same as a sum of slices of x, each times one element of the kernel, in float32."""
  p, q, _, c = kernel.shape
  weights = kernel.reshape(p * q, c).astype(jnp.float32)
  slices = shifted(x, (p, q), stride, padding)
  terms = (part * weight for part, weight in zip(slices, weights, strict=True))
  return functools.reduce(jnp.add, terms).astype(x.dtype)


def shifted(
  x: Float[Array, "b h w c"],
  window: tuple[int, int],
  stride: int,
  padding: Padding,
  filling: float = 0.0,
) -> list[Float[Array, "b h2 w2 c"]]:
  """What each element of a window sees of the padded x as the window moves over it."""
  p, q = window
  x = jnp.pad(x, ((0, 0), *sides(padding), (0, 0)), constant_values=filling)
  down, right = (
    stride * ((n - k) // stride) + 1 for n, k in zip(x.shape[1:3], window, strict=True)
  )
  return [x[:, i : i + down : stride, j : j + right : stride] for i in range(p) for j in range(q)]


def sides(padding: Padding) -> tuple[tuple[int, int], tuple[int, int]]:
  """((top, bottom), (left, right)) of a padding."""
  return ((padding, padding),) * 2 if isinstance(padding, int) else padding


def same(x: Float[Array, "b h w c"], window: int, stride: int) -> Padding:
  """TensorFlow's padding "SAME": ⌈h / stride⌉ rows come out, and an odd row is padded at the bottom."""

  def along(n: int) -> tuple[int, int]:
    total = max((-(-n // stride) - 1) * stride + window - n, 0)
    return total // 2, total - total // 2

  return along(x.shape[1]), along(x.shape[2])


def overlapping_max_pool(
  x: Float[Array, "b h w c"], window: int, stride: int, padding: Padding, *, train: bool
) -> Float[Array, "b h2 w2 c"]:
  """Maximum over windows that may overlap; `train` if a gradient will follow.

  Where numbers of a window tie, the gradient goes to the first of them on an accelerator and is
  shared on a CPU. After a relu that is the same: ties are zeros, and nothing passes through those.
  """
  if jax.default_backend() != "cpu" or not train:
    moves, pads = (1, stride, stride, 1), ((0, 0), *sides(padding), (0, 0))
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, window, window, 1), moves, pads)
  return functools.reduce(jnp.maximum, shifted(x, (window, window), stride, padding, -jnp.inf))


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


# Normal with variance 2 / (k²·out): He et al. (2015, arXiv:1502.01852), as residual networks start.
HE = nn.initializers.variance_scaling(2.0, "fan_out", "normal")


class Conv(nn.Module):
  """Square convolution, parameters named as linen's own."""

  features: int
  size: int
  stride: int = 1
  padding: Padding | Literal["same"] = 0  # or "same", as TensorFlow pads
  dtype: jnp.dtype = jnp.float32
  use_bias: bool = True
  init_kernel: Callable[..., jax.Array] = INIT

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    shape = (self.size, self.size, x.shape[-1], self.features)
    kernel = self.param("kernel", self.init_kernel, shape).astype(self.dtype)
    x = x.astype(self.dtype)
    x = conv(x, kernel, self.stride, _padding(self, x), train=train)
    if not self.use_bias:
      return x
    return x + self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)


class Depthwise(nn.Module):
  """Square convolution of each channel by itself, without bias; kernel [size, size, 1, c]."""

  size: int
  stride: int = 1
  padding: Padding | Literal["same"] = 0
  dtype: jnp.dtype = jnp.float32

  @nn.compact
  def __call__(self, x: jax.Array) -> jax.Array:
    # Each output channel has but one input channel, so by fan_out the start would be far too small.
    start = nn.initializers.variance_scaling(2.0, "fan_in", "normal")
    kernel = self.param("kernel", start, (self.size, self.size, 1, x.shape[-1]))
    x = x.astype(self.dtype)
    return depthwise(x, kernel.astype(self.dtype), self.stride, _padding(self, x))


def _padding(layer: Conv | Depthwise, x: jax.Array) -> Padding:
  return same(x, layer.size, layer.stride) if layer.padding == "same" else layer.padding
