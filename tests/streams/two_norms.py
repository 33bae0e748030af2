"""A network with two norms and dropout, a source model of it, and a stream."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from adapt.models import test_time
from adapt.models.linen import as_net

CLASSES, BATCH = 3, 6


class Module(nn.Module):
  @nn.compact
  def __call__(self, x, train):
    for i in (1, 2):
      x = nn.Dense(5, name=f"dense{i}")(x)
      x = nn.relu(nn.BatchNorm(use_running_average=not train, name=f"norm{i}")(x))
      x = nn.Dropout(0.5, deterministic=not train)(x)
    return x, nn.Dense(CLASSES, name="head")(x)


NET = as_net(Module())
FORWARD = test_time.Forward(NET)


def model(seed=0):
  """Random parameters, and statistics that are no batch's."""
  params, stats = NET.init(jax.random.key(seed), jnp.zeros((1, 4)))
  rng = np.random.default_rng(seed)
  stats = jax.tree.map(lambda v: v + rng.uniform(0.2, 0.9, v.shape).astype(np.float32), stats)
  params["head"]["bias"] += 0.1
  return params, stats


def inputs(n, seed=0):
  return jnp.asarray(np.random.default_rng(seed).normal(0.5, 1.5, (n, 4)), jnp.float32)
