"""The density ratio against scikit-learn and the truth."""

import jax
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from adapt.validators import _risk as risk

RATIO = jax.jit(risk.log_ratio)


def gaussians(n, m, d, shift, seed=0):
  """Source N(0, I), target N(shift·e_1, I)."""
  rng = np.random.default_rng(seed)
  fs, ft = rng.normal(size=(n, d)), rng.normal(size=(m, d))
  ft[:, 0] += shift
  return fs.astype(np.float32), ft.astype(np.float32)


# The second pair is separable, where Newton's method needs most of its steps.
@pytest.mark.compares(
  "scikit-learn's classifier, for its density ratio", "validators/dev", "validators/iwcv"
)
@pytest.mark.parametrize("shift", [0.7, 9.0])
def test_the_ratio_is_that_of_scikit_learn_s_classifier(shift):
  fs, ft = gaussians(90, 60, 5, shift)
  fv, _ = gaussians(20, 1, 5, 0, seed=1)
  both = np.concatenate([fs, ft]).astype(np.float64)
  mean, scale = both.mean(axis=0), both.std(axis=0) * np.sqrt(5)
  model = LogisticRegression(C=1 / (0.001 * len(both)), tol=1e-10, max_iter=10000)
  model.fit((both - mean) / scale, np.repeat([0, 1], [90, 60]))
  expected = model.decision_function((fv - mean) / scale) + np.log(90 / 60)
  np.testing.assert_allclose(RATIO(fs, ft, fv), expected, atol=1e-3)


def test_the_ratio_is_near_the_true_one_whatever_the_sizes():
  fs, ft = gaussians(3000, 1000, 2, 0.8)
  found = RATIO(fs, ft, fs[:500])
  np.testing.assert_allclose(found, 0.8 * fs[:500, 0] - 0.32, atol=0.25)


def test_constant_features_give_a_ratio_of_one():
  fs, ft = gaussians(40, 40, 2, 0.0)
  np.testing.assert_allclose(RATIO(0 * fs + 3, 0 * ft + 3, 0 * fs + 3), 0, atol=1e-5)


def test_every_example_is_judged_by_the_classifier_of_the_other_half():
  fs, ft = gaussians(41, 30, 3, 1.0)
  found = risk.cross_fitted(fs, ft)
  expected = [RATIO(fs[20:40], ft[:15], fs[:20]), RATIO(fs[:20], ft[15:], fs[20:40])]
  np.testing.assert_allclose(found, np.concatenate(expected), atol=1e-4)


def test_no_source_example_is_called_unlike_the_target_for_having_taught_the_classifier():
  # Of one distribution, yet separable: a classifier's own source examples look like the source.
  fs, ft = gaussians(60, 60, 200, 0.0)
  assert np.mean(RATIO(fs, ft, fs)) < -1
  assert np.mean(risk.cross_fitted(fs, ft)) == pytest.approx(0, abs=0.4)


def test_a_single_source_example_is_no_error():
  fs, ft = gaussians(1, 1, 3, 1.0)
  assert np.isfinite(risk.cross_fitted(fs, ft)).all()
