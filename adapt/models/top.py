"""Bottleneck and head above a backbone, as in TLlib's runs.

The bottleneck has 256 units and is batch-normalised.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.method import Net
from adapt.models.layers import Dense
from adapt.models.linen import as_net

WIDTH = 256  # of the bottleneck in the image runs of the literature since CDAN


def above(
  x: Float[Array, "b d"], train: bool, classes: int, width: int, dtype: jnp.dtype, axis: str | None
) -> tuple[jax.Array, jax.Array]:
  """Makes (features [b, width], logits [b, classes]) above a backbone.

  The layers belong to the module that calls it.
  """
  x = Dense(width, dtype=dtype, name="bottleneck")(x)
  norm = nn.BatchNorm(
    use_running_average=not train, momentum=0.9, dtype=dtype, axis_name=axis, name="norm"
  )
  x = nn.relu(norm(x))
  return x, Dense(classes, dtype=dtype, name="head")(x)


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype
  axis: str | None

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    return above(x.reshape(len(x), -1), train, self.classes, WIDTH, self.dtype, self.axis)


def top(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Bottleneck and head of a classifier, on backbone features [b, d]."""
  return as_net(Module(classes, dtype, axis))
