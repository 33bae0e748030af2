"""Convolution and pooling in each backend's fast form, with equal results.

On XLA:CPU the gradient of a native convolution is slow, and 10–20 times slower still inside a scan.
With gradients written as convolutions of its own form (canonical_conv.py) it is not, nor as shifted
slices and one matrix product, which strides and few channels get. Windows of three rows take
Winograd's products (winograd.py), with many channels before pooling those of five too; of few
channels whole blocks of outputs from whole blocks of pixels are faster there. A depthwise
convolution is slow there in both, and a sum of shifted slices is not.
"""

import functools
from collections.abc import Callable
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.models import packed_rows, winograd
from adapt.models.canonical_conv import canonical_conv

# Rows and columns of zeros around an image: on all four sides, or ((top, bottom), (left, right)).
Padding = int | tuple[tuple[int, int], tuple[int, int]]
NONE = (0, 0)
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
  p, q, channels, _ = kernel.shape
  around = sides(padding)
  # Of few channels, or along one axis, patches are little more than the pixels themselves. Of images
  # no larger than the window, as deep layers see of small photographs, XLA's form is many times slower.
  small = min(x.shape[1:3]) <= max(p, q)
  if stride > 1 or min(p, q) == 1 or channels < 8 or small:
    return conv_by_patches(x, kernel, stride, padding)
  # In fewer rows tiles are padded by more than they save; bfloat16 has no digits to lose; and of five
  # rows XLA's products are wide enough.
  if p == 3 and x.shape[1] > winograd.TILE and x.dtype == jnp.float32:
    return winograd.conv_by_tiles(x, kernel, around)
  return canonical_conv(x, kernel, around)


def conv_by_patches(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"], stride: int, padding: Padding
) -> Float[Array, "b h2 w2 o"]:
  """Convolution as one matrix product of slices of x.

  The slices lie side by side; the kernel is the matrix. The result is the same.
  """
  p, q, c, o = kernel.shape
  # Along the rows and then along the columns: p + q slices instead of p·q, and what made x is
  # computed again only for those of the rows, into which XLA fuses it.
  above, beside = sides(padding)
  strips = jnp.concatenate(shifted(x, (1, q), (1, stride), (NONE, beside)), axis=-1)
  patches = jnp.concatenate(shifted(strips, (p, 1), (stride, 1), (above, NONE)), axis=-1)
  b, rows, columns, _ = patches.shape
  flat = patches.reshape(-1, p * q * c)  # [b·rows·columns, p·q·c]
  return (flat @ kernel.reshape(-1, o)).reshape(b, rows, columns, o)


def conv_max_pool(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"]
) -> Float[Array, "b h2 w2 o"]:
  """2-D cross-correlation, then `max_pool` over 2×2 windows."""
  if jax.default_backend() != "cpu":
    return max_pool(conv(x, kernel, train=True))
  # Of few channels there is more to be written than to be multiplied, and bfloat16 has no digits to
  # lose.
  rows, _, channels, _ = kernel.shape
  if rows in (3, 5) and channels >= 8 and x.dtype == jnp.float32:
    return winograd.conv_max_pool_by_tiles(x, kernel)
  return conv_max_pool_by_blocks(x, kernel)


def conv_max_pool_by_blocks(
  x: Float[Array, "b h w c"], kernel: Float[Array, "p q c o"]
) -> Float[Array, "b h2 w2 o"]:
  """Convolution and pooling by blocks of 2×2 pixels.

  It is the same as a convolution of blocks, 4·c channels, to blocks of 2×2 outputs, 4·o. The
  windows of a block make one that is a pixel larger, so zeros are multiplied too (5×5: 1.44 times
  the products), but patches have a third of the elements, the matrices are of a shape that a
  processor likes, and what is pooled ends up side by side.
  """
  (p, q, c, o), (h, w) = kernel.shape, x.shape[1:3]
  rows, columns = (h - p + 1) // 2, (w - q + 1) // 2  # that come out
  p2, q2 = p // 2 + 1, q // 2 + 1  # blocks that two neighbouring windows see
  high, wide = rows + p2 - 1, columns + q2 - 1
  more = (0, max(2 * high - h, 0)), (0, max(2 * wide - w, 0))
  x = jnp.pad(x[:, : 2 * high, : 2 * wide], ((0, 0), *more, (0, 0)))
  x = x.reshape(-1, high, 2, wide, 2, c).swapaxes(2, 3).reshape(-1, high, wide, 4 * c)
  moved = [
    jnp.pad(kernel, ((i, 2 * p2 - p - i), (j, 2 * q2 - q - j), (0, 0), (0, 0)))
    for i in (0, 1)
    for j in (0, 1)
  ]
  weights = jnp.stack(moved, axis=3).reshape(p2, 2, q2, 2, c, 4 * o).swapaxes(1, 2)
  y = conv_by_patches(x, weights.reshape(p2, q2, 4 * c, 4 * o), 1, 0)
  return functools.reduce(jnp.maximum, jnp.split(y, 4, axis=-1))


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
  """Depthwise convolution as a sum of slices, in float32.

  Each slice of x is multiplied by one element of the kernel. The result is the same.
  """
  p, q, _, c = kernel.shape
  weights = kernel.reshape(p * q, c).astype(jnp.float32)
  slices = shifted(x, (p, q), stride, padding)
  terms = (part * weight for part, weight in zip(slices, weights, strict=True))
  return functools.reduce(jnp.add, terms).astype(x.dtype)


def shifted(
  x: Float[Array, "b h w c"],
  window: tuple[int, int],
  stride: int | tuple[int, int],
  padding: Padding,
  filling: float = 0.0,
) -> list[Float[Array, "b h2 w2 c"]]:
  """Slices of the padded x, one for each element of a window.

  A slice is what the element sees as the window moves over x.
  """
  (p, q), (s, t) = window, (stride, stride) if isinstance(stride, int) else stride
  x = jnp.pad(x, ((0, 0), *sides(padding), (0, 0)), constant_values=filling)
  down, right = s * ((x.shape[1] - p) // s) + 1, t * ((x.shape[2] - q) // t) + 1
  return [x[:, i : i + down : s, j : j + right : t] for i in range(p) for j in range(q)]


def sides(padding: Padding) -> tuple[tuple[int, int], tuple[int, int]]:
  """((top, bottom), (left, right)) of a padding."""
  return ((padding, padding),) * 2 if isinstance(padding, int) else padding


def same(x: Float[Array, "b h w c"], window: int, stride: int) -> Padding:
  """TensorFlow's padding "SAME", with ⌈h / stride⌉ rows out.

  An odd row is padded at the bottom.
  """

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
  """Maximum over disjoint windows.

  Rows and columns that do not fill a window are dropped. As a reshape, whose gradient is several
  times faster than that of reduce_window on a CPU.
  """
  b, h, w, c = x.shape
  h, w = h // window, w // window
  x = x[:, : h * window, : w * window].reshape(b, h, window, w, window, c)
  return x.max(axis=(2, 4))


# Uniform in ±1/√fan_in, PyTorch's default, under which the published baselines of these networks
# were made; linen's own has three times the variance.
INIT = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
Dense = functools.partial(nn.Dense, kernel_init=INIT)


class RowsDense(nn.Dense):
  """nn.Dense that also takes packed rows, once it has parameters.

  Packed rows are those of adapt/models/packed_rows.py.
  """

  def __call__(self, inputs: jax.Array) -> jax.Array:
    if not packed_rows.packed(inputs):
      return super().__call__(inputs)
    own = self.variables["params"]
    dtype = self.dtype or own["kernel"].dtype
    return packed_rows.product(inputs, own["kernel"].astype(dtype)) + own["bias"].astype(dtype)


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
  pooled: bool = False  # maximum over disjoint 2×2 windows of what comes out; stride 1, no padding

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> jax.Array:
    shape = (self.size, self.size, x.shape[-1], self.features)
    kernel = self.param("kernel", self.init_kernel, shape).astype(self.dtype)
    x = x.astype(self.dtype)
    if self.pooled:
      assert (self.stride, self.padding) == (1, 0)
      x = conv_max_pool(x, kernel)
    else:
      x = conv(x, kernel, self.stride, _padding(self, x), train=train)
    if not self.use_bias:
      return x
    return x + self.param("bias", nn.initializers.zeros, (self.features,)).astype(self.dtype)


class Depthwise(nn.Module):
  """Square depthwise convolution without bias; kernel [size, size, 1, c]."""

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
