"""MLP with 50 hidden units, of DANN's code (Ganin et al., 2016, Table 1)."""

import flax.linen as nn
import jax.numpy as jnp

from adapt.method import Net
from adapt.models import mlp
from adapt.models.linen import as_net


def mlp50(classes: int, *, dtype: jnp.dtype = jnp.float32, axis: str | None = None) -> Net:
  """One hidden layer of 50 sigmoid units, started by Glorot's rule.

  It is uniform in ±√(6 / (fan_in + fan_out)).
  """
  del axis  # no batch statistics
  return as_net(mlp.Module(classes, dtype, 50, nn.initializers.glorot_uniform()))
