"""VADA's smaller network for digits: nine convolutions, each image's channels normalised first.

As in RuiShu/dirt-t @ 2da404a, codebase/models/nns/small.py, with the layers of tensorbayes @ 50b063f, but
for the batch-norm of the logits there: a head here is linear on the features.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import Conv, Dense, max_pool
from adapt.models.linen import as_net

_EPSILON = 1e-3


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    def norm(x: jax.Array, name: str) -> jax.Array:
      layer = nn.BatchNorm(
        use_running_average=not train,
        momentum=0.99,
        epsilon=_EPSILON,
        dtype=self.dtype,
        axis_name=self.axis,
        name=name,
      )
      return layer(x)

    x = nn.InstanceNorm(epsilon=_EPSILON, dtype=self.dtype, name="instance_norm")(x)
    for i in range(1, 10):
      x = norm(Conv(64, 3, padding=1, dtype=self.dtype, name=f"conv{i}")(x, train), f"norm{i}")
      x = nn.leaky_relu(x, 0.1)
      if i in (3, 6):
        x = nn.Dropout(0.5, deterministic=not train)(max_pool(x))
        if train:
          x = x + jax.random.normal(self.make_rng("dropout"), x.shape, x.dtype)
    x = x.mean(axis=(1, 2))  # [b, 64]
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def cnn_vada(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Nine 3×3 convolutions with batch-norm, dropout and noise; their mean."""
  return as_net(Module(classes, dtype, axis))
