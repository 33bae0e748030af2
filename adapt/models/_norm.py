"""Batch normalisation as published networks take it (Ioffe and Szegedy, 2015, arXiv:1502.03167)."""

import functools
from typing import Any, Protocol

import flax.linen as nn
import jax.numpy as jnp


class Normed(Protocol):
  """What a network says of its norms."""

  @property
  def dtype(self) -> jnp.dtype: ...  # of the result; statistics are float32

  @property
  def axis(self) -> str | None: ...  # device axis over which batch statistics are averaged

  @property
  def frozen_norm(self) -> bool: ...  # whether running statistics stay and serve, in training too


def batch_norm(network: Normed, train: bool, momentum: float, epsilon: float) -> Any:
  """Makes batch-norm layers of a network, each by its name.

  The momentum is what a step keeps.
  """
  return functools.partial(
    nn.BatchNorm,
    use_running_average=not train or network.frozen_norm,
    momentum=momentum,
    epsilon=epsilon,
    dtype=network.dtype,
    axis_name=network.axis,
  )
