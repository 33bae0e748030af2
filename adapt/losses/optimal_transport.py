"""Optimal transport plans between two equally weighted samples.

They are exact, or by Sinkhorn's iterations.

Plans are constants for the gradient: by the envelope theorem the derivative of the least cost is
that of the cost under the fixed plan.
"""

import jax
import jax.numpy as jnp
import optax
from jax import lax
from jaxtyping import Array, Float


def plan(
  cost: Float[Array, "n m"], epsilon: jax.Array | float | None = None, iterations: int = 200
) -> Float[Array, "n m"]:
  """Transport plan of least cost.

  Args:
    cost: of moving source example i to target example j.
    epsilon: None for the exact plan, else strength of the entropy in it, in the cost's units.
    iterations: of Sinkhorn's algorithm; read with an epsilon.

  Returns:
    Masses, rows adding up to 1 / n and columns to 1 / m (with an epsilon, rows up to convergence);
    no gradient flows through them.

  Raises:
    ValueError: an exact plan of samples of unequal size.
  """
  # Of epsilon too, which may be a share of the cost.
  cost, epsilon = lax.stop_gradient((cost, epsilon))
  return _assignment(cost) if epsilon is None else sinkhorn(cost, epsilon, iterations)


def sinkhorn(
  cost: Float[Array, "n m"], epsilon: jax.Array | float, iterations: int = 200
) -> Float[Array, "n m"]:
  """Entropy-regularised transport plan (Cuturi, 2013, arXiv:1306.0895).

  The plan minimises cost minus epsilon times entropy.

  Iterated on logarithms, so that a small epsilon does not underflow.

  Args:
    cost: of moving i to j.
    epsilon: strength of the entropy, in the cost's units.
    iterations: how often each marginal is corrected; the last one corrects the columns'.
  """
  n, m = cost.shape
  scores = -cost / epsilon

  def correct(v: jax.Array, _: None) -> tuple[jax.Array, None]:
    u = -jnp.log(n) - jax.nn.logsumexp(scores + v, axis=1)
    return -jnp.log(m) - jax.nn.logsumexp(scores + u[:, None], axis=0), None

  v, _ = lax.scan(correct, jnp.zeros(m, cost.dtype), None, iterations - 1)
  u = -jnp.log(n) - jax.nn.logsumexp(scores + v, axis=1)
  v, _ = correct(v, None)
  return jnp.exp(scores + u[:, None] + v)


def _assignment(cost: jax.Array) -> jax.Array:
  """Optimal permutation of equally many, equally heavy points.

  Some permutation is optimal (Birkhoff's theorem).
  """
  n, m = cost.shape
  if n != m:
    raise ValueError(f"an exact plan needs equal samples, these have {n} and {m}: give an epsilon")
  rows, columns = optax.assignment.hungarian_algorithm(cost)
  return jnp.zeros_like(cost).at[rows, columns].set(1.0 / n)
