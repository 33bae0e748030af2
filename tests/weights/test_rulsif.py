"""rulsif against scipy on its objective, refits per fold, and a known relative ratio."""

import importlib

import numpy as np
import pytest
from planted import covariate_shift, error
from scipy.optimize import minimize

from adapt.weights._kernels import distances
from adapt.weights.rulsif import held_out, rulsif


def kernels(xs, xt, centres, width):
  to = distances(xs, xt, centres, "rulsif")
  return np.exp(-to.source / width), np.exp(-to.target / width), to.order


def objective(theta, source, target, alpha):
  """½ E over the mixture of ratio² − E over the target of ratio, example by example."""
  total = 0.0
  for row in target:
    total += (0.5 * alpha * (row @ theta) ** 2 - row @ theta) / len(target)
  for row in source:
    total += 0.5 * (1 - alpha) * (row @ theta) ** 2 / len(source)
  return total


def fit(source, target, alpha, ridge):
  found = minimize(
    lambda theta: objective(theta, source, target, alpha) + 0.5 * ridge * theta @ theta,
    np.zeros(source.shape[1]),
    method="BFGS",
    options={"gtol": 1e-7},
  )
  return found.x


@pytest.mark.compares("SciPy's BFGS on its objective")
@pytest.mark.parametrize("alpha", [0.0, 0.4])
def test_weights_agree_with_scipy(alpha):
  xs, xt, _ = covariate_shift(25, 15)
  source, target, _ = kernels(xs, xt, 4, 0.5)
  ratio = np.maximum(source @ fit(source, target, alpha, 0.1), 0)
  w = rulsif(xs, None, xt, alpha=alpha, bandwidth=0.5, ridge=0.1, centres=4)
  np.testing.assert_allclose(w, ratio / ratio.mean(), atol=1e-4)


@pytest.mark.compares("cross-validation by hand")
@pytest.mark.parametrize("whole", [5000, 5])
def test_cross_validation_by_hand(whole, monkeypatch):
  monkeypatch.setattr(importlib.import_module("adapt.weights.rulsif"), "WHOLE", whole)
  xs, xt, _ = covariate_shift(14, 12)
  source, target, order = kernels(xs, xt, 3, 0.5)
  source, scores, to = source[order], [], distances(xs, xt, 3, "rulsif")
  for k in range(2):
    s, t = np.arange(14) % 2 == k, np.arange(12) % 2 == k
    scores.append(objective(fit(source[~s], target[~t], 0.3, 0.1), source[s], target[t], 0.3))
  assert held_out(to, 0.5, 0.3, (0.1,), 2)[0] == pytest.approx(np.mean(scores), abs=1e-6)


@pytest.mark.compares("the true relative ratio of two Gaussians")
@pytest.mark.parametrize("alpha", [0.1, 0.5])
def test_recovers_the_true_relative_ratio(alpha):
  xs, xt, ratio = covariate_shift(800, 600)
  relative = ratio / (alpha * ratio + 1 - alpha)
  w = rulsif(xs, None, xt, alpha=alpha)
  assert np.corrcoef(w, relative)[0, 1] > 0.97
  # In units too: the largest weight is what the true one would be after division by its mean.
  assert w.max() == pytest.approx((relative / relative.mean()).max(), rel=0.15)
  assert error(w, xs) < 0.6 * error(np.ones(800), xs)


def test_alpha_flattens():
  xs, xt, _ = covariate_shift()
  spread = [rulsif(xs, None, xt, alpha=a).std() for a in (0.0, 0.5, 0.99)]
  assert spread[0] > spread[1] > spread[2]
  assert spread[2] < 0.1


def test_errors_name_the_remedy():
  xs, xt, _ = covariate_shift(20, 4)
  with pytest.raises(ValueError, match="from 0 to below 1"):
    rulsif(xs, None, xt, alpha=1.0)
  with pytest.raises(ValueError, match="from 2 to 4"):
    rulsif(xs, None, xt)
