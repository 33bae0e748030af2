"""Squared distances against a double loop, and the median of all pairs against a sort."""

import jax
import numpy as np
import pytest

from adapt.losses import kernels


@pytest.fixture
def samples():
  rng = np.random.default_rng(0)
  return rng.normal(size=(7, 3)).astype(np.float32), rng.normal(size=(5, 3)).astype(np.float32)


def test_squared_distances_equal_a_double_loop(samples):
  x, y = samples
  expected = [[np.sum((a - b) ** 2) for b in y] for a in x]
  np.testing.assert_allclose(kernels.squared_distances(x, y), expected, rtol=1e-5)


def test_squared_distances_survive_a_large_offset(samples):
  x, y = samples
  expected = kernels.squared_distances(x, y)
  np.testing.assert_allclose(
    kernels.squared_distances(x + 1000.0, y + 1000.0), expected, rtol=1e-2, atol=1e-2
  )


@pytest.mark.parametrize("n", [2, 3, 4, 9, 40])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6], ids="{:.0%} of the pairs coincide".format)
def test_the_median_is_a_sorts_to_the_last_bit(n, share):
  distances = np.random.default_rng(n).gamma(1.0, size=(n, n)).astype(np.float32)
  distances[distances < np.quantile(distances, share)] = 0
  expected = np.median(distances[np.triu_indices(n, 1)])
  assert jax.jit(kernels.median_bandwidth)(distances) == (expected or 1.0)
