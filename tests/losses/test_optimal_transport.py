"""Transport plans against scipy's: the least cost, the marginals, the limits of the entropy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment, linprog
from scipy.special import logsumexp

from adapt.losses import optimal_transport

COST = np.random.default_rng(0).uniform(0, 3, (6, 6)).astype(np.float32)
WIDE = np.random.default_rng(1).uniform(0, 3, (4, 6)).astype(np.float32)


def test_the_exact_plan_is_the_cheapest():
  rows, columns = linear_sum_assignment(COST)
  expected = np.zeros((6, 6))
  expected[rows, columns] = 1 / 6
  np.testing.assert_allclose(optimal_transport.plan(jnp.asarray(COST)), expected, atol=1e-7)


def test_sinkhorn_has_the_marginals_and_tends_to_the_linear_program():
  found = np.asarray(optimal_transport.plan(jnp.asarray(WIDE), 0.01, iterations=2000))
  np.testing.assert_allclose(found.sum(0), 1 / 6, rtol=1e-4)
  np.testing.assert_allclose(found.sum(1), 1 / 4, rtol=1e-3)
  marginals = np.concatenate([np.kron(np.eye(4), np.ones(6)), np.kron(np.ones(4), np.eye(6))])
  masses = np.repeat([1 / 4, 1 / 6], [4, 6])
  least = linprog(WIDE.ravel(), A_eq=marginals, b_eq=masses).fun
  assert least - 1e-4 < (found * WIDE).sum() < least * 1.01 + 1e-3


def test_sinkhorn_equals_its_iterations_by_hand():
  kernel = np.exp(-WIDE.astype(np.float64) / 0.5)
  v = np.ones(6)
  for _ in range(7):
    u = (1 / 4) / (kernel @ v)
    v = (1 / 6) / (kernel.T @ u)
  found = optimal_transport.sinkhorn(jnp.asarray(WIDE), 0.5, iterations=7)
  np.testing.assert_allclose(found, u[:, None] * kernel * v, rtol=1e-4)


def test_a_large_entropy_mixes_everything_and_a_small_one_does_not_underflow():
  np.testing.assert_allclose(optimal_transport.plan(jnp.asarray(WIDE), 1e5), 1 / 24, rtol=1e-3)
  tiny = optimal_transport.plan(jnp.asarray(100 * COST), 1e-3)
  assert jnp.isfinite(tiny).all()
  np.testing.assert_allclose(logsumexp(np.log(np.asarray(tiny) + 1e-30)), 0, atol=1e-3)


@pytest.mark.parametrize("share", [None, 0.1])
def test_no_gradient_flows_through_the_plan_nor_its_epsilon(share):
  def plan(cost):
    return optimal_transport.plan(cost, None if share is None else share * cost.mean())

  grad = jax.grad(lambda cost: jnp.sum(plan(cost) * cost))(jnp.asarray(COST))
  np.testing.assert_allclose(grad, plan(jnp.asarray(COST)), atol=1e-7)


def test_an_exact_plan_needs_equal_samples():
  with pytest.raises(ValueError, match="4 and 6: give an epsilon"):
    optimal_transport.plan(jnp.asarray(WIDE))
