"""IWCV: the target's risk as the source's, with weighed examples (Sugiyama et al., JMLR 2007)."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.validators import Validator


def iwcv() -> Validator:
  """Minus the importance-weighted loss of held-out source examples.

      score = −E[w · CE(pₛ, yₛ)] / E[w],  held-out
      w: density ratio target / source of fₛ, by a classifier of domains

  Source: Sugiyama, Krauledat & Müller (JMLR 8, 2007). Where re-implementations go
  wrong: the paper's numerator alone is the target's risk if w is the true ratio, whose mean is 1. That
  of an estimated ratio falls towards 0 as the domains grow apart, and so would the risk, which praises
  features that do not transfer. So it is divided by that mean.
  """
  return Validator(
    lambda seen: score(seen.weights, seen.losses[: len(seen.weights)]),
    outputs=("classes", "labels", "values"),
  )


def score(weights: Float[Array, " v"], losses: Float[Array, " v"]) -> Float[Array, ""]:
  """Minus the risk.

  Args:
    weights: p_t / p_s of each example.
    losses: of each example.
  """
  return -jnp.sum(weights * losses) / jnp.maximum(jnp.sum(weights), 1e-12)
