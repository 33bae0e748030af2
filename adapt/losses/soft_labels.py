"""Losses between two predictions, and of one against itself.

All take logits [b, k] and give a loss per example, in nats. Gradients flow into every argument: who
teaches is stopped by the caller.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops

Logits = Float[Array, "b k"]
Losses = Float[Array, " b"]


def soft_cross_entropy(logits: Logits, teacher: Logits) -> Losses:
  """Cross-entropy of softmax(logits) under softmax(teacher)."""
  return -(jax.nn.softmax(teacher) * jax.nn.log_softmax(logits)).sum(axis=-1)


def symmetric_cross_entropy(logits: Logits, teacher: Logits) -> Losses:
  """Half of the cross-entropy of each under the other.

  Wang et al., 2019 (arXiv:1908.06112), with equal weights, as Döbler et al. (2023, arXiv:2211.13081)
  take it.
  """
  return 0.5 * (soft_cross_entropy(logits, teacher) + soft_cross_entropy(teacher, logits))


def soft_likelihood_ratio(logits: Logits, highest: float = 0.99) -> Losses:
  """Negative mean log-odds of the classes under their own probabilities.

  Mummadi et al., 2021 (arXiv:2106.14999): its gradient does not vanish where the model is sure.

  Args:
    logits: of the model.
    highest: where probabilities are cut off, above which a class has no gradient.
  """
  p = jnp.minimum(jax.nn.softmax(logits), highest)
  return -(p * jnp.log(p / (1 - p) + 1e-5)).sum(axis=-1)


def tsallis_entropy(logits: Logits, index: jax.Array | float) -> Losses:
  """Tsallis entropy, each class by its share of the batch.

  Liu et al., 2021 (arXiv:2103.03571): sure examples weigh more, by weights that are constants, as in
  MCC. Only the sum over a batch has a meaning.

  Args:
    logits: of the model.
    index: of the entropy; 2 is Gini's.
  """
  p = jax.nn.softmax(logits)
  sure = 1 + jnp.exp(-jax.lax.stop_gradient(ops.entropy(logits)))
  weights = len(p) * sure / sure.sum()
  mass = (weights[:, None] * p).sum(axis=0)  # [k], of b in all
  terms = (p**index / jnp.maximum(mass, 1e-12)).sum(axis=1)
  return (1 / mass.mean() - weights * terms) / (index - 1)
