"""MMD between the domains' features as a validator: the closer, the better."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import discrepancy, kernels
from adapt.validators import Validator


def mmd() -> Validator:
  """Minus the squared maximum mean discrepancy (Gretton et al., 2012).

      score = −MMD²(fₛ, fₜ)

  κ is a mean of Gaussians with bandwidths about the pooled examples' mean squared distance, so that
  features of any scale are judged alike; it is twice their variance, where a median would have to be
  sorted for. Classes may be matched to one another wrongly while the domains coincide: then this score
  is high and wrong.
  """
  return Validator(
    lambda seen: score(seen.fs, seen.ft), outputs=("classes", "values", "pixels", "labels")
  )


def score(fs: Float[Array, "n d"], ft: Float[Array, "m d"]) -> Float[Array, ""]:
  """Minus the discrepancy of source and target features, between −2 and 0."""
  spread = 2 * jnp.sum(jnp.var(jnp.concatenate([fs, ft]), axis=0))
  spread = jnp.where(spread > 0, spread, 1.0)
  return -discrepancy.mmd(fs, ft, spread * jnp.asarray(kernels.MULTIPLES))
