"""A network of pixels with batch-norm whose programs compile quickly, for tests of layouts."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.models.linen import as_net


class Module(nn.Module):
  classes: int
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool):
    x = nn.Dense(8, name="hidden")(x)
    norm = nn.BatchNorm(
      use_running_average=not train, momentum=0.9, axis_name=self.axis, name="norm"
    )
    x = nn.relu(norm(x))
    return x.mean(axis=(1, 2)), nn.Dense(self.classes, name="head")(x)


def normed_pixels(classes, *, dtype=jnp.float32, axis=None):
  """Dense, batch-norm, rectifier and head of each pixel by itself."""
  del dtype
  return as_net(Module(classes, axis))
