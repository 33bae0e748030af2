"""DEV: importance-weighted risk with a control variate (You et al., ICML 2019)."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.validators import Validator


def dev() -> Validator:
  """Minus the importance-weighted loss with a control variate, deep embedded validation.

      score = −E[w · c] − η · (E[w] − 1),  c = CE(pₛ, yₛ), held-out
      η = −cov(w · c, w) / var(w),  w: density ratio target / source of fₛ

  Source: You et al. (ICML 2019), Algorithm 1: the weights' mean is known to be 1, so how far it
  falls from that corrects the risk. Where re-implementations go wrong: weights scaled to mean 1 before
  leave nothing to correct, and the classifier behind them must not have trained on the examples that
  it weighs. The paper leaves the loss open; errors of 0 and 1 on a few hundred examples tie, so this
  project takes the cross-entropy, and of values (regression) the loss they are trained with.
  """
  return Validator(
    lambda seen: score(seen.weights, seen.losses[: len(seen.weights)]),
    outputs=("classes", "labels", "values"),
  )


def score(weights: Float[Array, " v"], losses: Float[Array, " v"]) -> Float[Array, ""]:
  """Minus the risk, which can be negative.

  Args:
    weights: p_t / p_s of each example, as estimated.
    losses: of each example.
  """
  weighted = weights * losses
  centred = weights - weights.mean()
  variance = jnp.mean(centred**2)
  eta = -jnp.mean(centred * weighted) / jnp.where(variance > 0, variance, 1.0)
  return -(weighted.mean() + eta * (weights.mean() - 1))
