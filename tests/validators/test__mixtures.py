"""Mixtures and partners against loops."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pairs_by_hand import pairs_by_hand

from adapt.validators._mixtures import mixable, mixture, partners

RNG = np.random.default_rng(0)
pairing = jax.jit(partners)


@pytest.mark.parametrize("classes", [1, 2, 6, 40])
def test_partners_by_hand(classes):
  predicted = RNG.integers(0, classes, 21)
  which, paired = pairing(predicted)
  expected = pairs_by_hand(predicted)
  np.testing.assert_array_equal(paired, [j is not None for j in expected])
  for i, j in enumerate(expected):
    assert j is None or which[i] == j


def test_mixtures_keep_the_inputs_type():
  x, y = RNG.normal(size=(4, 3)).astype(np.float32), RNG.normal(size=(4, 3)).astype(np.float32)
  np.testing.assert_allclose(mixture(jnp.asarray(x), jnp.asarray(y)), 0.55 * x + 0.45 * y, 1e-6)
  pixels = mixture(jnp.array([0, 255, 10], jnp.uint8), jnp.array([255, 255, 11], jnp.uint8))
  assert pixels.dtype == jnp.uint8
  np.testing.assert_array_equal(pixels, [115, 255, 10])


def test_token_ids_have_no_mixture():
  assert [mixable(np.dtype(t)) for t in ("float32", "uint8", "int32")] == [True, True, False]
