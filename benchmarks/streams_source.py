"""The source model of `benchmarks.streams`: a small network with batch-norm in every layer."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from adapt.losses import ops
from adapt.method import Net
from adapt.models.layers import Conv, Dense
from adapt.models.linen import as_net

BATCH, RATE = 100, 2e-3


class Module(nn.Module):
  """Three strided convolutions and a layer of 128, each with a norm; grey 28×28 images."""

  classes: int

  @nn.compact
  def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
    def normed(x: jax.Array, name: str) -> jax.Array:
      return nn.relu(nn.BatchNorm(use_running_average=not train, momentum=0.9, name=name)(x))

    for i, channels in enumerate((16, 32, 64), start=1):
      x = Conv(channels, 3, stride=2, padding=1, name=f"conv{i}")(x, train)
      x = normed(x, f"norm{i}")
    x = normed(Dense(128, name="dense")(x.reshape(len(x), -1)), "norm4")
    return x, Dense(self.classes, name="head")(x)


def network(classes: int) -> Net:
  """The network as pure functions."""
  return as_net(Module(classes))


def trained(net: Net, x: jax.Array, y: jax.Array, seeds: int, epochs: int) -> tuple[Any, Any]:
  """Parameters and statistics [s, ...] of source models, by Adam on batches of 100.

  Args:
    net: the network.
    x: [n, 28, 28, 1] uint8 training images.
    y: [n] labels.
    seeds: how many models; each has its own start and order.
    epochs: passes over the images.
  """
  optimizer = optax.adam(RATE)

  def step(state: Any, rows: jax.Array) -> tuple[Any, None]:
    params, stats, moments = state

    def loss(params: Any) -> tuple[jax.Array, Any]:
      (_, logits), new = net.apply(params, stats, x[rows], True, None)
      return ops.cross_entropy(logits, y[rows]).mean(), new

    gradient, stats = jax.grad(loss, has_aux=True)(params)
    updates, moments = optimizer.update(gradient, moments)
    return (optax.apply_updates(params, updates), stats, moments), None

  @jax.jit
  def train(key: jax.Array, order: jax.Array) -> tuple[Any, Any]:
    params, stats = net.init(key, x[:1])
    params, stats, _ = jax.lax.scan(step, (params, stats, optimizer.init(params)), order)[0]
    return params, stats

  models = []
  for seed in range(seeds):
    rng, n = np.random.default_rng(seed), len(x) // BATCH * BATCH
    order = np.concatenate([rng.permutation(len(x))[:n].reshape(-1, BATCH) for _ in range(epochs)])
    models.append(train(jax.random.key(seed), jnp.asarray(order, jnp.int32)))
  stacked: tuple[Any, Any] = jax.tree.map(lambda *leaves: jnp.stack(leaves), *models)
  return stacked
