"""gaussian against the known ratio of two Gaussians."""

import numpy as np
import pytest
from planted import covariate_shift, error

from adapt.weights.gaussian import gaussian


@pytest.mark.compares("the true ratio of two Gaussians, and its formula by the samples' moments")
def test_recovers_the_true_ratio():
  xs, xt, ratio = covariate_shift(3000, 3000)
  w = gaussian(xs, None, xt)
  assert np.corrcoef(w, ratio)[0, 1] > 0.99
  assert np.abs(w - ratio).mean() < 0.1
  by_moments = np.exp(
    0.5 * ((xs - xs.mean()) / xs.std()) ** 2 - 0.5 * ((xs - xt.mean()) / xt.std()) ** 2
  )[:, 0]
  np.testing.assert_allclose(w, by_moments / by_moments.mean(), atol=1e-3)
  assert error(w, xs) < 0.1 * error(np.ones(3000), xs)


@pytest.mark.compares("the true log ratio's slope for correlated features")
def test_correlated_features_of_any_scale():
  # log ratio = (μᵀΣ⁻¹) x + constant for equal covariances Σ.
  rng = np.random.default_rng(0)
  mix, shift = np.array([[1.0, 0.8], [0.0, 0.6]]), np.array([0.5, -0.4])
  xs, xt = rng.normal(size=(20000, 2)) @ mix, rng.normal(size=(20000, 2)) @ mix + shift
  slope = np.linalg.solve(mix.T @ mix, shift)
  scale = np.array([1000.0, 0.01])
  w = gaussian(scale * xs, None, scale * xt, clip=1000.0)
  found = np.linalg.lstsq(np.column_stack([xs, np.ones(20000)]), np.log(w), rcond=None)[0]
  np.testing.assert_allclose(found[:2], slope, atol=0.1)


def test_power_is_taken_of_the_ratio():
  xs, xt, _ = covariate_shift()
  full, half = (gaussian(xs, None, xt, power=p, clip=1e6) for p in (1.0, 0.5))
  np.testing.assert_allclose(half, np.sqrt(full) / np.sqrt(full).mean(), rtol=1e-4)
  np.testing.assert_array_equal(gaussian(xs, None, xt, power=0.0), 1.0)


def test_clip_holds():
  rng = np.random.default_rng(0)
  w = gaussian(rng.normal(size=(300, 2)), None, rng.normal(size=(300, 2)) + 2, clip=3.0)
  assert w.max() == pytest.approx(3.0)
  assert w.mean() == pytest.approx(1.0, abs=1e-6)


def test_constant_features_play_no_part():
  xs, xt, _ = covariate_shift()
  wide = [np.column_stack([x, np.full(len(x), 7.3), np.zeros(len(x))]) for x in (xs, xt)]
  np.testing.assert_allclose(gaussian(wide[0], None, wide[1]), gaussian(xs, None, xt), rtol=1e-5)


def test_a_feature_constant_in_one_domain():
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(100, 2)), rng.normal(size=(100, 2))
  xs[:, 1] = 0.0
  assert np.isfinite(gaussian(xs, None, xt)).all()
  assert np.isfinite(gaussian(xt, None, xs)).all()


def test_errors_name_the_remedy():
  x = np.random.default_rng(0).normal(size=(20, 20))
  with pytest.raises(ValueError, match="use --weights discriminator"):
    gaussian(x, None, x)
  with pytest.raises(ValueError, match="every input is the same"):
    gaussian(np.ones((20, 2)), None, np.ones((20, 2)))
  with pytest.raises(ValueError, match="from 0 to 1"):
    gaussian(x, None, x, power=2.0)
  with pytest.raises(ValueError, match=r"clip is 0\.5"):
    gaussian(x[:, :2], None, x[:, :2], clip=0.5)
  with pytest.raises(ValueError, match="clean them"):
    gaussian(x * np.inf, None, x)
