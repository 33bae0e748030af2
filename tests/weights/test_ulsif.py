"""ulsif against one fit per left-out pair, and a known ratio."""

import numpy as np
import pytest
from planted import covariate_shift, error

from adapt.weights._kernels import BANDWIDTHS, distances
from adapt.weights.ulsif import RIDGES, leave_one_out, ulsif


def kernels(xs, xt, centres, width):
  to = distances(xs, xt, centres, "ulsif")
  return np.exp(-to.source / width), np.exp(-to.target / width), to.order


def fit(source, target, ridge):
  """max(0, (H + ridge · I)⁻¹ h), sums written out."""
  b = source.shape[1]
  H, h = np.zeros((b, b)), np.zeros(b)
  for row in source:
    H += np.outer(row, row) / len(source)
  for row in target:
    h += row / len(target)
  return np.maximum(np.linalg.inv(H + ridge * np.eye(b)) @ h, 0.0)


def left_out(source, target, pairs, ridge):
  errors = []
  for j, i in enumerate(pairs):
    theta = fit(np.delete(source, i, axis=0), np.delete(target, j, axis=0), ridge)
    errors.append(0.5 * (source[i] @ theta) ** 2 - target[j] @ theta)
  return np.mean(errors)


@pytest.mark.compares("one fit for each pair that is left out")
@pytest.mark.parametrize(("n", "m"), [(30, 20), (20, 30)])
@pytest.mark.parametrize("ridge", [0.001, 0.3])
def test_leave_one_out_by_refitting(n, m, ridge):
  xs, xt, _ = covariate_shift(n, m)
  source, target, order = kernels(xs, xt, 8, 0.2)
  pairs = order[:20]
  H, h = source.T @ source / n, target.mean(axis=0)
  found = leave_one_out(H, h, source[pairs], target[:20], n, m, ridge)
  assert found == pytest.approx(left_out(source, target, pairs, ridge), rel=1e-9)
  assert (fit(source, target, 0.001) == 0).any()  # the clipping is at work


def test_weights_with_clipped_coefficients():
  xs, xt, _ = covariate_shift(30, 20)
  source, target, _ = kernels(xs, xt, 8, 0.2)
  theta = fit(source, target, 0.001)
  assert (theta == 0).any()
  ratio = source @ theta
  w = ulsif(xs, None, xt, bandwidth=0.2, ridge=0.001, centres=8)
  np.testing.assert_allclose(w, ratio / ratio.mean(), rtol=1e-4)


@pytest.mark.compares("the best width and ridge by refitting")
def test_width_and_ridge_are_the_best_by_refitting():
  xs, xt, _ = covariate_shift(25, 20, seed=3)
  best = np.inf
  for width in BANDWIDTHS:
    source, target, order = kernels(xs, xt, 5, width)
    for ridge in RIDGES:
      score = left_out(source, target, order[:20], ridge)
      if score < best:
        best, ratio = score, source @ fit(source, target, ridge)
  w = ulsif(xs, None, xt, centres=5)
  np.testing.assert_allclose(w, ratio / ratio.mean(), rtol=1e-5)


@pytest.mark.compares("the true ratio of two Gaussians")
def test_recovers_the_true_ratio():
  xs, xt, ratio = covariate_shift(800, 600)
  w = ulsif(xs, None, xt)
  assert np.corrcoef(w, ratio)[0, 1] > 0.95
  assert error(w, xs) < 0.3 * error(np.ones(800), xs)


def test_no_shift_gives_nearly_equal_weights():
  x = np.random.default_rng(0).normal(size=(600, 2))
  w = ulsif(x[:300], None, x[300:])
  assert w.sum() ** 2 / (w @ w) > 0.9 * 300


def test_too_far_a_target():
  xs, _, _ = covariate_shift(50, 40)
  with pytest.raises(ValueError, match="larger bandwidth"):
    ulsif(xs, None, xs[:40] + 1000.0, bandwidth=0.0001)
  with pytest.raises(ValueError, match="ridge is -1"):
    ulsif(xs, None, xs, ridge=-1.0)
