"""Losses between two predictions, and of one against itself.

All take logits [b, k] and give a loss per example, in nats. Gradients flow into every argument: who
teaches is stopped by the caller.
"""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

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
