"""Body of MCD's digits code for MNIST and USPS: two convolutions.

Their outputs are the features.
"""

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
    x = x.mean(axis=-1, keepdims=True)
    for i, channels in enumerate((32, 48), start=1):
      x = Conv(channels, 5, dtype=self.dtype, name=f"conv{i}")(x, train)
      norm = nn.BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        dtype=self.dtype,
        axis_name=self.axis,
        name=f"norm{i}",
      )
      x = max_pool(nn.relu(norm(x)))
    x = x.reshape(len(x), -1).astype(jnp.float32)  # [b, 768] for 28×28
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def cnn_mcd(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """5×5 convolutions of 32 and 48 channels with batch-norm.

  All else is MCD's classifiers'.
  """
  return as_net(Module(classes, dtype, axis))
