"""DTN, the digits literature's larger network for 32×32 colour images.

Such are SVHN and MNIST-M.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import Conv, Dense
from adapt.models.linen import as_net


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    def norm(x: jax.Array, name: str) -> jax.Array:
      layer = nn.BatchNorm(
        use_running_average=not train,
        momentum=0.9,
        dtype=self.dtype,
        axis_name=self.axis,
        name=name,
      )
      return layer(x)

    for i, (channels, rate) in enumerate([(64, 0.1), (128, 0.3), (256, 0.5)], start=1):
      layer = Conv(channels, 5, stride=2, padding=2, dtype=self.dtype, name=f"conv{i}")
      x = layer(x, train)
      x = norm(x, f"norm{i}")
      x = nn.relu(nn.Dropout(rate, broadcast_dims=(1, 2), deterministic=not train)(x))
    x = Dense(512, dtype=self.dtype, name="dense")(x.reshape(len(x), -1))
    x = nn.relu(norm(x, "norm4"))
    x = nn.Dropout(0.5, deterministic=not train)(x)
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def dtn(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Three strided 5×5 convolutions with batch-norm and dropout, 512 units."""
  return as_net(Module(classes, dtype, axis))
