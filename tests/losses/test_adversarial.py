"""What domain critics share: labels of the domains, weights, and products with predictions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.losses import adversarial


@pytest.mark.parametrize("is_source", [1.0, 0.0])
def test_the_first_examples_are_the_source_s(is_source):
  scores = np.array([0.5, -1.0, 2.0, 0.1, -0.3], np.float32)
  p = 1 / (1 + np.exp(-scores))
  labels = np.array([is_source] * 2 + [1 - is_source] * 3)
  expected = -np.log(np.where(labels == 1, p, 1 - p))
  found = adversarial.losses(jnp.asarray(scores), 2, is_source)
  np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_random_products_estimate_those_of_the_whole_map():
  rng = np.random.default_rng(0)
  f = jnp.asarray(rng.normal(size=(4, 6)).astype(np.float32))
  logits = jnp.asarray(rng.normal(size=(4, 3)).astype(np.float32))
  maps = adversarial.random_maps(jax.random.key(0), 6, 3, limit=0, samples=200_000)
  random, whole = adversarial.conditioned(f, logits, maps), adversarial.conditioned(f, logits, {})
  np.testing.assert_allclose(random @ random.T, whole @ whole.T, atol=0.05)


def test_sure_examples_of_one_domain_do_not_outweigh_the_other():
  losses = jnp.array([1.0, 1.0, 0.0, 0.0])
  assert adversarial.balanced(losses, 2, jnp.array([2.0, 2.0, 1.0, 1.0])) == 0.5
