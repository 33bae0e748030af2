"""MixVal: whether mixtures of target examples are predicted as their larger part (Hu et al., 2023)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from adapt.validators import Seen, Validator
from adapt.validators._mixtures import partners


def mixval() -> Validator:
  """Interpolation consistency within predicted classes and across them, averaged.

      score = (E₌[1[ŷ(x̃) = ŷ(x)]] + E≠[1[ŷ(x̃) = ŷ(x)]]) / 2
      x̃ = 0.55 x + 0.45 x′ of the target;  E₌: ŷ(x′) = ŷ(x), E≠: not so

  Source: Hu et al. (NeurIPS 2023) and its code: at a share of 0.55 the mixed label's largest entry is
  the first example's. Within a class (E₌) that probes how dense the neighbourhood is, across classes (E≠)
  where the boundary runs. The code has a script for each kind of pair, which prints that consistency
  alone, and none that joins the two; their mean is skada's. Where re-implementations go wrong: pairs drawn
  at random are hardly ever of one class where there are many, so partners are looked for.
  """

  def consistency(seen: Seen) -> jax.Array:
    assert seen.lm is not None  # as `mixes` says
    return score(seen.predicted, seen.lm.argmax(axis=1), partners(seen.predicted)[1])

  return Validator(consistency, mixes=True)


def score(
  predicted: Int[Array, " m"], of_mixture: Int[Array, " m"], paired: Bool[Array, " m"]
) -> Float[Array, ""]:
  """The mean of the two consistencies.

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
