"""A smoothed quantile against its density by hand, and its derivative against differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from adapt.losses.quantiles import smoothed_quantile

VALUES = np.array([0.7, 2.0, 1.1, 0.9])


def by_root(values, level):
  width = 1.06 * values.std(ddof=1) * len(values) ** -0.2
  share = lambda x: stats.norm.cdf((x - values) / width).mean() - level
  return optimize.brentq(share, -20, 20, xtol=1e-13)


@pytest.mark.parametrize("level", [0.05, 0.5, 0.75, 0.99])
def test_is_the_root_of_the_smoothed_share_and_has_its_derivative(level):
  values = jnp.asarray([*VALUES[:2], 50.0, *VALUES[2:]])
  there = jnp.asarray([1.0, 1, 0, 1, 1])  # the third is not there
  found, slope = jax.value_and_grad(smoothed_quantile)(values, there, level)
  np.testing.assert_allclose(found, by_root(VALUES, level), rtol=1e-5)
  steps = 1e-5 * np.eye(4)
  expected = [(by_root(VALUES + s, level) - by_root(VALUES - s, level)) / 2e-5 for s in steps]
  np.testing.assert_allclose(slope, [*expected[:2], 0, *expected[2:]], rtol=1e-3, atol=1e-4)


def test_a_high_quantile_lies_above_all_values():
  found = smoothed_quantile(jnp.asarray(VALUES), jnp.ones(4), 0.99)
  assert found > VALUES.max()


@pytest.mark.parametrize("there", [[1, 1, 1], [0, 1, 0], [0, 0, 0]])
def test_alike_or_alone_is_the_value_itself(there):
  values = jnp.full(3, 0.4)
  found, slope = jax.value_and_grad(smoothed_quantile)(values, jnp.asarray(there), 0.75)
  np.testing.assert_allclose(found, 0.4 * any(there), rtol=1e-6)
  np.testing.assert_allclose(slope, np.array(there) / max(sum(there), 1), rtol=1e-6)
