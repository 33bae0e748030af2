"""Self-ensembling's network for MNIST and USPS (French et al., 2018, arXiv:1706.05208, Table 8)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import Conv, Dense, max_pool
from adapt.models.linen import as_net


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    for i, (channels, size, pooled) in enumerate([(32, 5, 1), (64, 3, 0), (64, 3, 1)], start=1):
      x = Conv(channels, size, dtype=self.dtype, name=f"conv{i}")(x, train)
      norm = nn.BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        dtype=self.dtype,
        axis_name=self.axis,
        name=f"norm{i}",
      )
      x = nn.relu(norm(x))
      x = max_pool(x) if pooled else x
    x = x.reshape(len(x), -1)  # [b, 1024] for 28×28
    x = nn.Dropout(0.5, deterministic=not train)(x)
    x = nn.relu(Dense(256, dtype=self.dtype, name="dense")(x))
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def cnn_ensembling(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Convolutions of 32, 64, 64 channels with batch-norm, and 256 units.

  Dropout is 0.5.
  """
  return as_net(Module(classes, dtype, axis))
