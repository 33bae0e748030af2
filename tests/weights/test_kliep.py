"""kliep against scipy's SLSQP on the programme as the paper writes it, and a known ratio."""

import numpy as np
import pytest
from planted import covariate_shift, error
from scipy.optimize import minimize

from adapt.weights._kernels import BANDWIDTHS, distances
from adapt.weights.kliep import _likelihood, kliep, solve

WIDTH = 0.3


def reference(source, target):
  """θ ≥ 0 that maximises the mean over the target of log φθ, mean over the source of φθ = 1."""
  found = minimize(
    lambda theta: -np.log(target @ theta).mean(),
    np.full(source.shape[1], 1 / source.mean(axis=0).sum()),
    jac=lambda theta: -(target / (target @ theta)[:, None]).mean(axis=0),
    bounds=[(0, None)] * source.shape[1],
    constraints={"type": "eq", "fun": lambda theta: (source @ theta).mean() - 1},
    method="SLSQP",
    options={"maxiter": 1000, "ftol": 1e-14},
  )
  assert found.success
  return found.x, -found.fun


@pytest.fixture(scope="module")
def small():
  xs, xt, _ = covariate_shift(60, 40)
  to = distances(xs, xt, 6, "kliep")
  return xs, xt, to, np.exp(-to.source / WIDTH), np.exp(-to.target / WIDTH)


@pytest.mark.compares("SciPy's SLSQP on the paper's programme")
def test_weights_agree_with_slsqp(small):
  xs, xt, _, source, target = small
  theta, _ = reference(source, target)
  w = kliep(xs, None, xt, bandwidth=WIDTH, centres=6)
  np.testing.assert_allclose(w, source @ theta, atol=5e-3)


def test_objective_and_certificate(small):
  *_, source, target = small
  _, best = reference(source, target)
  kernels = target / source.mean(axis=0)
  shares, gap = solve(np.log(kernels))
  assert shares.sum() == pytest.approx(1) and shares.min() >= 0
  value = np.log(kernels @ shares).mean()
  assert value == pytest.approx(best, abs=1e-6)
  assert best - value <= gap + 1e-12 < 1e-3


@pytest.mark.compares("cross-validation by hand")
def test_cross_validation_by_hand(small):
  *_, to, source, target = small
  scores = []
  for k in range(3):
    rest = [j for j in range(40) if j % 3 != k]
    centres = [c for c in range(6) if c % 3 != k]
    theta, _ = reference(source[:, centres], target[np.ix_(rest, centres)])
    out = [j for j in range(40) if j % 3 == k]
    scores.append(np.log(target[np.ix_(out, centres)] @ theta).mean())
  assert _likelihood(to.source, to.target, WIDTH, 3) == pytest.approx(np.mean(scores), abs=1e-4)


def test_the_likeliest_width_is_taken():
  xs, xt, _ = covariate_shift(100, 80)
  to = distances(xs, xt, 20, "kliep")
  scores = [_likelihood(to.source, to.target, b, 5) for b in BANDWIDTHS]
  best = BANDWIDTHS[int(np.argmax(scores))]
  assert best not in (BANDWIDTHS[0], BANDWIDTHS[-1])
  np.testing.assert_array_equal(
    kliep(xs, None, xt, centres=20), kliep(xs, None, xt, centres=20, bandwidth=best)
  )


@pytest.mark.compares("the true ratio of two Gaussians")
def test_recovers_the_true_ratio():
  xs, xt, ratio = covariate_shift(800, 600)
  w = kliep(xs, None, xt)
  assert np.corrcoef(w, ratio)[0, 1] > 0.95
  assert error(w, xs) < 0.3 * error(np.ones(800), xs)


def test_a_far_target_does_not_underflow():
  # Every kernel is below the smallest float at every source example.
  xs, _, _ = covariate_shift(50, 40)
  w = kliep(xs, None, xs[:40] + 1000.0, bandwidth=0.0001, clip=1000.0)
  assert np.isfinite(w).all()
  assert np.argmax(w) == np.argmax(xs)


def test_folds_out_of_range():
  xs, xt, _ = covariate_shift(20, 4)
  with pytest.raises(ValueError, match="from 2 to 4"):
    kliep(xs, None, xt)
