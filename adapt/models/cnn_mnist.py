"""PyTorch's MNIST example, the network of SKADA-Bench's digits (Lalou et al., 2024, arXiv:2407.11676)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import Conv, Dense
from adapt.models.linen import as_net


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = nn.relu(Conv(32, 3, dtype=self.dtype, name="conv1")(x, train))
    x = nn.relu(Conv(64, 3, pooled=True, dtype=self.dtype, name="conv2")(x, train))
    x = nn.Dropout(0.25, deterministic=not train)(x).reshape(len(x), -1)  # [b, 9216] for 28×28
    x = nn.relu(Dense(128, dtype=self.dtype, name="dense")(x))
    x = nn.Dropout(0.5, deterministic=not train)(x)
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def cnn_mnist(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """3×3 convolutions of 32 and 64 channels, and 128 units.

  Dropout is 0.25 and 0.5; there is no batch-norm.
  """
  return as_net(Module(classes, dtype))
