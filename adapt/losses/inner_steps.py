"""Steps within a loss.

They are for methods that learn from what a step would do (MLDG, Fish).
"""

from typing import Any

import jax
import jax.numpy as jnp


def descended(params: Any, slope: Any, rate: jax.Array | float) -> Any:
  """Parameters after one step of plain gradient descent."""
  return jax.tree.map(lambda p, g: p - rate * g, params, slope)


def with_gradient(value: jax.Array, params: Any, gradient: Any) -> jax.Array:
  """A scalar of this value with the given gradient by the parameters.

  So the optimiser of a run takes a direction that is no loss's gradient. The value itself is a
  constant.
  """

  def one(p: jax.Array, g: jax.Array) -> jax.Array:
    return jnp.vdot(p - jax.lax.stop_gradient(p), jax.lax.stop_gradient(g))

  return jax.lax.stop_gradient(value) + sum(jax.tree.leaves(jax.tree.map(one, params, gradient)))
