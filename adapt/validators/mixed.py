"""MixVal: whether mixtures of target examples are predicted as what they mostly are (Hu et al., 2023)."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

SHARE = 0.55  # of the first example, whose class the mixture then is


def mixable(dtype: np.dtype) -> bool:
  """Whether inputs of that type have mixtures: floats and pixels do, token ids do not."""
  return dtype == np.uint8 or np.issubdtype(dtype, np.floating)


def partners(predicted: Int[Array, " m"]) -> tuple[Int[Array, " m"], Bool[Array, " m"]]:
  """Whom each example is mixed with: the next one, cyclically, that is predicted fittingly.

  Examples at even places take one of the same predicted class, those at odd places one of another.

  Args:
    predicted: classes of target examples in random order.

  Returns:
    The partners' places, and whether there is such a partner.
  """
  m = len(predicted)
  place = jnp.arange(m)
  away = (place - place[:, None] - 1) % m  # 0 for the next one, m - 1 for the example itself
  alike = predicted == predicted[:, None]
  fitting = (alike == (place % 2 == 0)[:, None]) & (away < m - 1)
  return jnp.argmin(jnp.where(fitting, away, m), axis=1), fitting.any(axis=1)


def mixture(first: Array, second: Array) -> Array:
  """What is shown for two inputs of one type; pixels are rounded, as the network takes no others."""
  values = SHARE * first.astype(jnp.float32) + (1 - SHARE) * second.astype(jnp.float32)
  return (jnp.round(values) if first.dtype == jnp.uint8 else values).astype(first.dtype)


def mixval(
  predicted: Int[Array, " m"], of_mixture: Int[Array, " m"], paired: Bool[Array, " m"]
) -> Float[Array, ""]:
  """Interpolation consistency within predicted classes and across them, averaged.

  Source: Hu et al. (NeurIPS 2023) and its code: at a share of 0.55 the mixed label's largest entry is
  the first example's, so each consistency is the share of mixtures that are predicted as it is.
  Within a class that probes how dense the neighbourhood is, across classes where the boundary runs.
  Where re-implementations go wrong: pairs drawn at random are hardly ever of one class where there
  are many, so partners are looked for.

  Args:
    predicted: classes of the examples.
    of_mixture: classes of their mixtures with their partners.
    paired: whether there was a partner, as `partners` says. A kind without any counts 0, or else a
      model that predicts one class for everything would be perfect.

  Returns:
    Between 0 and 1.
  """
  kept = (predicted == of_mixture) & paired
  within = jnp.arange(len(predicted)) % 2 == 0

  def share(kind: Array) -> Array:
    return jnp.sum(kept & kind) / jnp.maximum(jnp.sum(paired & kind), 1)

  return (share(within) + share(~within)) / 2
