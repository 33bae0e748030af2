"""The worst parameters nearby: their distance, their direction, and what a gradient sees of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.losses import sharpness

rng = np.random.default_rng(0)
PARAMS = {"a": rng.normal(size=(3, 2)), "b": {"c": rng.normal(size=4)}}
SLOPE = {"a": rng.normal(size=(3, 2)), "b": {"c": rng.normal(size=4)}}


def flat(tree):
  return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])


@pytest.mark.parametrize("adaptive", [False, True])
def test_the_step_is_that_of_the_paper(adaptive):
  found = flat(sharpness.climbed(PARAMS, SLOPE, 0.3, adaptive=adaptive)) - flat(PARAMS)
  p, g = flat(PARAMS), flat(SLOPE)
  expected = 0.3 * p**2 * g / np.linalg.norm(p * g) if adaptive else 0.3 * g / np.linalg.norm(g)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_gradient_through_it_is_that_at_the_worst_parameters():
  def loss(p):
    return jnp.sum(p["a"] ** 4) + jnp.sum(jnp.sin(p["b"]["c"]))

  def worst(p):
    return loss(sharpness.climbed(p, jax.grad(loss)(p), 0.3))

  params = jax.tree.map(jnp.float32, PARAMS)
  at = sharpness.climbed(params, jax.grad(loss)(params), 0.3)
  np.testing.assert_allclose(flat(jax.grad(worst)(params)), flat(jax.grad(loss)(at)), rtol=1e-5)


def test_without_a_slope_nothing_moves():
  flatland = jax.tree.map(np.zeros_like, PARAMS)
  found = sharpness.climbed(PARAMS, flatland, 0.3)
  np.testing.assert_allclose(flat(found), flat(PARAMS), rtol=1e-6)
