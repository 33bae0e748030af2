"""1D-CNN for time series, AdaTime's main network (Ragab et al., 2023, arXiv:2203.08321)."""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.method import Net
from adapt.models.layers import INIT, Dense, conv
from adapt.models.linen import as_net

BLOCKS = ((64, 5), (128, 8), (128, 8))  # (channels, kernel), AdaTime's for human activity


class Conv1d(nn.Module):
  """Convolution over time without bias: batch-norm follows, which would remove it."""

  features: int
  size: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: Float[Array, "b t c"], train: bool) -> Float[Array, "b t2 o"]:
    kernel = self.param("kernel", INIT, (self.size, x.shape[-1], self.features))
    around = self.size // 2
    x = jnp.pad(x, ((0, 0), (around, around), (0, 0)))
    x, kernel = x.astype(self.dtype), kernel.astype(self.dtype)
    if not train:  # as a 2-D convolution of width 1 it takes several times as long on a CPU
      return jax.lax.conv_general_dilated(
        x, kernel, (1,), "VALID", dimension_numbers=("NWC", "WIO", "NWC")
      )
    return conv(x[:, :, None], kernel[:, None], train=True)[:, :, 0]


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = as_series(x)
    for i, (channels, size) in enumerate(BLOCKS, start=1):
      x = Conv1d(channels, size, self.dtype, name=f"conv{i}")(x, train)
      norm = nn.BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        dtype=self.dtype,
        axis_name=self.axis,
        name=f"norm{i}",
      )
      x = pool(nn.relu(norm(x)))
      if i == 1:
        x = nn.Dropout(0.5, deterministic=not train)(x)
    x = x.mean(axis=1)  # [b, 128]
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def cnn1d(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Three convolutions over time with batch-norm, then the mean over time.

  Series are [t, c]. Of any length. The kernel widths are those of human activity sampled at 20–100
  Hz, 128 steps long.
  """
  return as_net(Module(classes, dtype, axis))


def as_series(x: Float[Array, "b t *c"]) -> Float[Array, "b t c2"]:
  """Series [b, t, c]; further axes join the channels.

  So [b, t, c, 1], what a user's own arrays [n, t, c] become on loading, is the same series, and an
  image [b, h, w, c] is a series of rows.

  Raises:
    ValueError: fewer than three axes.
  """
  if x.ndim < 3:
    raise ValueError(
      f"inputs {x.shape[1:]} are no series: give [n, t, c] (c may be 1), or choose the model mlp"
    )
  return x.reshape(*x.shape[:2], -1)


def pool(x: Float[Array, "b t c"]) -> Float[Array, "b t//2+1 c"]:
  """Maximum over pairs of steps; x must not be negative.

  The first step stands alone. AdaTime pads by one step on both sides. Zeros serve for that after a
  relu: they never exceed the real step of their pair. As a reshape for the reason that
  `layers.max_pool` gives.
  """
  b, t, c = x.shape
  x = jnp.pad(x, ((0, 0), (1, 1 - t % 2), (0, 0)))
  return x.reshape(b, -1, 2, c).max(axis=2)
