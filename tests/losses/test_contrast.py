"""InfoNCE equals its sum written by hand, and passes over keys that do not count."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.losses import contrast

rng = np.random.default_rng(1)


def test_info_nce_equals_the_sum_by_hand():
  asks, own, others = (rng.normal(size=(n, 4)) for n in (5, 5, 7))
  apart = rng.uniform(size=(5, 7)) < 0.5
  expected = []
  for i in range(5):
    mine = np.exp(asks[i] @ own[i] / 0.3)
    them = sum(np.exp(asks[i] @ others[j] / 0.3) for j in range(7) if apart[i, j])
    expected.append(-np.log(mine / (mine + them)))
  found = contrast.info_nce(*map(jnp.float32, (asks, own, others)), jnp.asarray(apart), 0.3)
  np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_info_nce_without_others_is_nothing_and_has_a_gradient():
  asks, own, others = (jnp.asarray(rng.normal(size=(n, 4)), jnp.float32) for n in (3, 3, 2))
  nobody = jnp.zeros((3, 2), bool)
  loss = lambda asks: contrast.info_nce(asks, own, others, nobody, 0.1).sum()
  value, slope = jax.value_and_grad(loss)(asks)
  assert value == 0 and (slope == 0).all()
