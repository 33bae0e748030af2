"""LeNet for 28×28 digits, with TLlib's batch-normalised bottleneck.

TLlib's digit runs put it behind the network.
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
    x = nn.relu(Conv(20, 5, pooled=True, dtype=self.dtype, name="conv1")(x, train))
    x = Conv(50, 5, pooled=True, dtype=self.dtype, name="conv2")(x, train)
    x = nn.Dropout(0.5, broadcast_dims=(1, 2), deterministic=not train)(x)  # whole channels
    x = nn.relu(x).reshape(len(x), -1)  # [b, 800] for 28×28
    x = nn.relu(Dense(500, dtype=self.dtype, name="dense")(x))
    x = nn.Dropout(0.5, deterministic=not train)(x)
    x = Dense(256, dtype=self.dtype, name="bottleneck")(x)
    norm = nn.BatchNorm(
      use_running_average=not train,
      momentum=0.9,
      dtype=self.dtype,
      axis_name=self.axis,
      name="norm",
    )
    x = nn.relu(norm(x))
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def lenet(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Two 5×5 convolutions, 500 units, a bottleneck of 256; dropout 0.5.

  Images are at least 16×16.
  """
  return as_net(Module(classes, dtype, axis))
