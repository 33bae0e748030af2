"""Mixtures of target examples and their partners, for mixval.

Its evaluation shares them.
"""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int

SHARE = 0.55  # of the first example, whose class the mixture then is


def mixable(dtype: np.dtype) -> bool:
  """Whether inputs of that type have mixtures.

  Floats and pixels do, token ids do not.
  """
  return dtype == np.uint8 or np.issubdtype(dtype, np.floating)


def partners(predicted: Int[Array, " m"]) -> tuple[Int[Array, " m"], Bool[Array, " m"]]:
  """The partner that each example is mixed with.

  It is the next one, cyclically, that is predicted fittingly. Examples at even places take one of
  the same predicted class, those at odd places one of another.

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
  """The mixture of two inputs of one type.

  Pixels are rounded, as the network takes no others.
  """
  values = SHARE * first.astype(jnp.float32) + (1 - SHARE) * second.astype(jnp.float32)
  return (jnp.round(values) if first.dtype == jnp.uint8 else values).astype(first.dtype)
