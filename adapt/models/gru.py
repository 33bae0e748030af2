"""GRU for time series: one recurrent layer (Cho et al., EMNLP 2014, arXiv:1406.1078)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from adapt.method import Net
from adapt.models.cnn1d import as_series
from adapt.models.layers import Dense
from adapt.models.linen import as_net

WIDTH = 128  # as the recurrent network of AdaTime (Ragab et al., 2023, arXiv:2203.08321)


class Module(nn.Module):
  classes: int
  dtype: jnp.dtype

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    x = as_series(x)
    cell = nn.GRUCell(WIDTH, dtype=self.dtype, name="gru")
    x = nn.RNN(cell, return_carry=True)(x)[0]  # [b, 128], the state after the last step
    return x, Dense(self.classes, dtype=self.dtype, name="head")(x)


def gru(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """One layer of 128 gated recurrent units; series [t, c].

  The features are its last state. The steps run one after the other, so that long series are slow:
  thin those of many hundred steps.
  """
  del axis  # no batch statistics
  return as_net(Module(classes, dtype))
