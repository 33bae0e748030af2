"""MLP: one hidden layer of sigmoid units (Ganin et al., 2016, §5.1).

It is the network of the paper's Amazon table.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import INIT, Dense, RowsDense
from adapt.models.linen import as_net


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype
  width: int = 100
  kernel_init: Callable[..., jax.Array] = INIT

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = x.reshape(len(x), -1)  # [b, d], or packed rows
    x = nn.sigmoid(
      RowsDense(self.width, dtype=self.dtype, kernel_init=self.kernel_init, name="hidden")(x)
    )
    return x, Dense(self.classes, dtype=self.dtype, kernel_init=self.kernel_init, name="head")(x)


def mlp(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """One hidden layer of 100 sigmoid units.

  Inputs of any shape are flattened.
  """
  del axis  # no batch statistics
  return as_net(Module(classes, dtype))
