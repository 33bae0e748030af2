"""A network with batch-norm and no dropout, on which device layouts must agree to rounding."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.models.linen import as_net


class Module(nn.Module):
  classes: int
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool):
    x = nn.Dense(16, name="hidden")(x)
    norm = nn.BatchNorm(
      use_running_average=not train, momentum=0.9, axis_name=self.axis, name="norm"
    )
    x = nn.relu(norm(x))
    return x, nn.Dense(self.classes, name="head")(x)


def normed(classes, *, dtype=jnp.float32, axis=None):
  """Dense, batch-norm, rectifier, head."""
  del dtype
  return as_net(Module(classes, axis))
