"""DomainBed's network for MNIST (Gulrajani and Lopez-Paz, 2021, arXiv:2007.01434).

As `MNIST_CNN` in its domainbed/networks.py @ b93c22a has it, but for biases, which start at zero here.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import Conv, Dense
from adapt.models.linen import as_net

_GROUPS = 8
# Channels and stride of each 3×3 convolution.
_LAYERS = ((64, 1), (128, 2), (128, 1), (128, 1))


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = (x + 1) / 2  # pixels from 0 to 1, so that padding is black
    for i, (channels, stride) in enumerate(_LAYERS, 1):
      conv = Conv(channels, 3, stride=stride, padding=1, dtype=self.dtype, name=f"conv{i}")
      x = nn.relu(conv(x, train))
      x = nn.GroupNorm(_GROUPS, epsilon=1e-5, dtype=self.dtype, name=f"norm{i}")(x)
    x = x.mean(axis=(1, 2))  # [b, 128]
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def cnn_domainbed(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Four 3×3 convolutions of 64 to 128 channels and their mean.

  Group-norm follows each; there is no batch-norm, so that no example sees another.
  """
  return as_net(Module(classes, dtype))
