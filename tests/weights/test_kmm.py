"""kmm against scipy's SLSQP, and its block-wise form."""

import importlib

import numpy as np
import pytest
from scipy.optimize import minimize

from adapt import weights
from adapt.weights.kmm import kmm, solve

N, M = 30, 40
kmm_file = importlib.import_module("adapt.weights.kmm")


def problem(bandwidth=2.0):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(N, 2)), 0.7 * rng.normal(size=(M, 2)) + 0.6

  def kernel(a, b):
    return np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=-1) / bandwidth)

  # The small ridge makes the minimiser unique, so that weights can be compared and not only values.
  return kernel(xs, xs) + 1e-3 * np.eye(N), N / M * kernel(xs, xt).sum(axis=1)


@pytest.mark.compares("SciPy's SLSQP on the paper's programme")
@pytest.mark.parametrize(("bound", "eps"), [(1000.0, (N**0.5 - 1) / N**0.5), (3.0, 0.01)])
def test_solver_agrees_with_slsqp(bound, eps):
  K, kappa = problem()

  def objective(w):
    return 0.5 * w @ K @ w - kappa @ w

  mean_range = (
    {"type": "ineq", "fun": lambda w: eps - (w.mean() - 1)},
    {"type": "ineq", "fun": lambda w: eps + (w.mean() - 1)},
  )
  reference = minimize(
    objective,
    np.ones(N),
    jac=lambda w: K @ w - kappa,
    bounds=[(0, bound)] * N,
    constraints=mean_range,
    method="SLSQP",
    options={"maxiter": 2000, "ftol": 1e-13},
  )
  assert reference.success
  w = solve(K, kappa, bound, eps)
  assert objective(w) == pytest.approx(reference.fun, rel=1e-6)
  np.testing.assert_allclose(w, reference.x, atol=2e-2)
  assert abs(w.mean() - 1) <= eps + 1e-6
  assert 0 <= w.min() <= w.max() <= bound


def test_constraints_bind():
  K, kappa = problem()
  assert solve(K, kappa, 1000.0, 0.9).max() > 3.5
  assert solve(K, kappa, 3.0, 0.9).max() == pytest.approx(3.0, abs=1e-5)
  assert solve(K, 10 * kappa, 1000.0, 0.1).mean() == pytest.approx(1.1, abs=1e-5)


def test_same_sample_gets_equal_weights():
  x = np.random.default_rng(1).normal(size=(25, 2))
  np.testing.assert_allclose(kmm(x, None, x, bandwidth=0.1), 1.0, atol=1e-2)


@pytest.mark.compares("the target's moments")
def test_matches_the_target_mean_embedding():
  rng = np.random.default_rng(2)
  xs, xt = rng.normal(size=(300, 2)), 0.7 * rng.normal(size=(200, 2)) + 0.7
  w = kmm(xs, None, xt)
  np.testing.assert_allclose((w[:, None] * xs).mean(axis=0), xt.mean(axis=0), atol=0.1)
  np.testing.assert_allclose(np.average(xs**2, axis=0, weights=w), (xt**2).mean(axis=0), atol=0.2)


def test_blocks_estimate_the_same_ratio():
  rng = np.random.default_rng(3)
  xs = np.sort(rng.normal(size=(400, 1)), axis=0)  # sorted: consecutive blocks would be hopeless
  xt = rng.normal(size=(100, 1)) + 0.8
  w = kmm(xs, None, xt, bandwidth=0.1, whole=100, block=100)
  assert w.mean() == pytest.approx(1.0, abs=1e-5)
  assert (w * xs[:, 0]).mean() == pytest.approx(xt.mean(), abs=0.15)
  whole = kmm(xs, None, xt, bandwidth=0.1)
  # Single weights are spiky, sums over neighbours are not.
  bins = [v.reshape(4, 100).mean(axis=1) for v in (w, whole)]
  np.testing.assert_allclose(*bins, atol=0.2)
  assert np.ptp(bins[0]) > 1.5


def shifted(n=240, d=30):
  rng = np.random.default_rng(5)
  return rng.normal(size=(n, d)) + 50, 0.9 * rng.normal(size=(n // 2, d)) + 50.2


def test_iterations_give_the_whole_programmes_weights(monkeypatch):
  xs, xt = shifted()
  exact = kmm(xs, None, xt)
  monkeypatch.setattr(kmm_file, "EXACT", 100)
  iterated = kmm(xs, None, xt)
  assert (iterated != exact).any()
  assert np.linalg.norm(iterated - exact) < 0.01 * np.linalg.norm(exact)
  assert iterated.mean() == pytest.approx(1, abs=1e-5)


def test_blocks_are_those_of_the_examples_in_any_order(monkeypatch):
  monkeypatch.setattr(kmm_file, "EXACT", 20)
  xs, xt = shifted()
  order = np.random.default_rng(6).permutation(len(xs))
  w = kmm(xs, None, xt, whole=120, block=60)
  moved = kmm(xs[order], None, xt[::-1], whole=120, block=60)
  np.testing.assert_allclose(moved, w[order], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
  ("source", "form"),
  [(2000, "exact"), (2001, "whole, iterated"), (10001, "3 blocks of at most 5000")],
)
def test_the_form_is_said(source, form):
  assert weights.form(weights.bind("kmm"), source, 100) == form


def test_errors_name_the_remedy():
  x = np.random.default_rng(4).normal(size=(6, 2))
  with pytest.raises(ValueError, match="choose bound"):
    kmm(x, None, x, bound=0.5)
  with pytest.raises(ValueError, match="positive"):
    kmm(x, None, x, bandwidth=0.0)
  with pytest.raises(ValueError, match="duplicates"):
    kmm(np.ones((6, 2)), None, np.ones((6, 2)))
