"""MLP of the multi-source Amazon tables: three hidden layers (Zhao et al., 2018, section 5.1)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.layers import INIT, Dense, RowsDense
from adapt.models.linen import as_net

_WIDTHS = (1000, 500, 100)


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = x.reshape(len(x), -1)  # [b, d], or packed rows
    for i, width in enumerate(_WIDTHS):
      x = nn.relu(RowsDense(width, dtype=self.dtype, kernel_init=INIT, name=f"hidden{i}")(x))
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def mlp3(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """Hidden layers of 1000, 500 and 100 rectified units.

  Inputs of any shape are flattened.
  """
  del axis  # no batch statistics
  return as_net(Module(classes, dtype))
