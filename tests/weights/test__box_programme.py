"""Accelerated projected gradients against the interior point method, and its projection."""

import numpy as np
import pytest
from scipy.optimize import minimize

from adapt.weights import _box_programme
from adapt.weights._box_programme import project
from adapt.weights.kmm import solve


def problem(n=150):
  rng = np.random.default_rng(0)
  xs, xt = rng.normal(size=(n, 30)), 0.9 * rng.normal(size=(n, 30)) + 0.3

  def kernel(a, b):
    return np.exp(-((a[:, None] - b[None]) ** 2).sum(axis=-1) / 60)

  return kernel(xs, xs), kernel(xs, xt).sum(axis=1)


# Nothing but the box binds; the bound; the lowest and the highest mean.
@pytest.mark.parametrize(
  ("bound", "eps", "factor"), [(1000, 0.9, 1), (2, 0.9, 1), (1000, 0.01, 0.7), (1000, 0.01, 1.3)]
)
def test_agrees_with_the_interior_point_method(bound, eps, factor):
  K, kappa = problem()
  expected = solve(K, factor * kappa, bound, eps)
  w = _box_programme.minimise(K.astype(np.float32), factor * kappa, bound, eps, 1e-6)
  assert np.linalg.norm(w - expected) < 2e-3 * np.linalg.norm(expected)
  assert 0 <= w.min() <= w.max() <= bound
  assert abs(w.mean() - 1) <= eps + 1e-9


@pytest.mark.parametrize("reach", [(0.0, 50.0), (12.0, 20.0), (1.0, 3.0)])
def test_the_projection_agrees_with_slsqp(reach):
  v, former, pull, bound = 2 * np.random.default_rng(0).normal(size=10), 6.0, 3.0, 2.5

  def objective(w):
    return 0.5 * ((w - v) ** 2).sum() + pull / 2 * (w.sum() - former) ** 2

  found = minimize(
    objective,
    np.full(10, reach[1] / 20),
    bounds=[(0, bound)] * 10,
    constraints=(
      {"type": "ineq", "fun": lambda w: w.sum() - reach[0]},
      {"type": "ineq", "fun": lambda w: reach[1] - w.sum()},
    ),
    method="SLSQP",
    options={"ftol": 1e-14, "maxiter": 500},
  )
  np.testing.assert_allclose(project(v, former, pull, bound, reach), found.x, atol=1e-5)


def test_what_does_not_end_is_refused(monkeypatch):
  monkeypatch.setattr(_box_programme, "_MOST", 3)
  K, kappa = problem()
  with pytest.raises(ValueError, match="did not converge in 3 steps: lower block"):
    _box_programme.minimise(K.astype(np.float32), kappa, 10, 0.1, 1e-6)
