"""Measures of values against scikit-learn, exact and from sums on the device."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics

from adapt.evaluation import value_measures
from adapt.evaluation.metrics import blocks, pooled

count = jax.jit(value_measures.count)


@pytest.mark.parametrize("seed", range(50))
def test_measures_are_scikit_learns(seed):
  rng = np.random.default_rng(seed)
  n, d = int(rng.integers(2, 40)), int(rng.integers(1, 4))
  y = rng.normal(size=(n, d)) * rng.uniform(0.1, 50) + rng.normal(0, 100)
  p = y + rng.normal(size=(n, d)) * rng.uniform(0.1, 100)
  if seed % 5 == 0:
    p[:] = p.mean(axis=0)
  w = rng.uniform(0.1, 3, n) if seed % 2 else None
  found = value_measures.of_predictions(p, y, w)
  assert found["r2"] == pytest.approx(metrics.r2_score(y, p, sample_weight=w))
  assert found["mae"] == pytest.approx(metrics.mean_absolute_error(y, p, sample_weight=w))
  assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, p, sample_weight=w))
  share = metrics.mean_absolute_percentage_error(y, p, sample_weight=w)
  assert found["mape"] == pytest.approx(share)


def test_labels_that_do_not_vary_or_are_unknown_have_no_r2():
  p, y = np.arange(4.0)[:, None], np.full((4, 1), 2.0)
  found = value_measures.of_predictions(p, y)
  assert found["r2"] is None and found["mae"] == 1.0 and found["mape"] == 0.5
  assert value_measures.of_predictions(y, p)["mape"] is None  # of labels one is 0
  y[1:] = np.nan
  assert value_measures.of_predictions(p, y)["mae"] == 2.0
  assert set(value_measures.of_predictions(p, y * np.nan).values()) == {None}


def test_sums_of_padded_blocks_give_the_same():
  rng = np.random.default_rng(0)
  y = rng.normal(size=(700, 2)).astype(np.float32)
  x = y + 0.5 * rng.normal(size=y.shape).astype(np.float32)
  y[::7] = np.nan
  counts = pooled(lambda _, x, y, valid: count(x, y, valid), None, blocks(x, y))
  exact = value_measures.of_predictions(x, y)
  assert value_measures.r2(counts) == pytest.approx(exact["r2"], rel=1e-4)
  known = np.isfinite(y)
  expected = np.mean((x - y)[known] ** 2)
  assert value_measures.squared_error(counts) == pytest.approx(expected, rel=1e-4)


def test_unlabelled_examples_say_only_whether_predictions_are_finite():
  labels, valid = jnp.full(3, -1), jnp.asarray([1.0, 1.0, 0.0])
  counts = count(jnp.asarray([[1.0], [2.0], [jnp.nan]]), labels, valid)
  assert counts.examples == 0 and counts.finite == 3.0
  assert np.isnan(value_measures.r2(counts))
  assert not np.isfinite(count(jnp.asarray([[jnp.inf]] * 3), labels, valid).finite)
