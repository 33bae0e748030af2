"""Tent online: one entropy step per test batch, on norms alone (Wang et al., 2021, arXiv:2006.10726)."""

from typing import Any

import jax
import optax

from adapt.losses import ops
from adapt.models import nets
from adapt.models.test_time import Forward
from adapt.streams import online
from adapt.streams.online import Online


def tent(forward: Forward, *, rate: jax.Array | float = 1e-3) -> Online:
  """Predicts under the batch's statistics, then lowers its mean entropy.

  By one Adam step.

  Only scales and shifts of normalisation layers move; source statistics are never read. The logits
  are those of before the step, from the same pass as its gradient.

  Departs from the authors' code in nothing that is known: Adam with 0.9 and 0.999, one step a batch.

  Where re-implementations go wrong: predicting again after the step, dropout in the pass, source
  statistics in it, and an optimiser that survives a reset.

  Args:
    forward: the network.
    rate: Adam's learning rate; 0.001 for small images in the paper.
  """
  optimizer = optax.adam(rate)

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    norms, rest = online.norms_apart(params, "tent")
    return norms, optimizer.init(norms), rest, stats

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    norms, moments, rest, stats = state

    def loss(norms: Any) -> tuple[jax.Array, jax.Array]:
      logits = forward(nets.joined(norms, rest), stats, x, source=0.0)[1]
      return ops.entropy(logits).mean(), logits

    gradient, logits = jax.grad(loss, has_aux=True)(norms)
    updates, moments = optimizer.update(gradient, moments)
    return logits, (optax.apply_updates(norms, updates), moments, rest, stats)

  return Online(init, step)
