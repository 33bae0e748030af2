"""rlls against a search over a grid, and a planted label shift."""

import numpy as np
import pytest
from planted import by_class, label_shift

from adapt.weights.bbse import bbse
from adapt.weights.rlls import rlls, solve


def value(theta, C, b, rho):
  return np.linalg.norm(C @ theta - b) + rho * np.linalg.norm(theta)


@pytest.mark.compares("a search over a grid")
@pytest.mark.parametrize("rho", [0.0, 0.05, 0.1, 0.2, 1.0])
@pytest.mark.parametrize("b", [(0.1, -0.1), (0.3, -0.3), (0.02, 0.05)])
def test_no_point_of_a_grid_is_lower(rho, b):
  C, b = np.array([[0.4, 0.1], [0.2, 0.3]]), np.array(b)
  axis = np.linspace(-1, 2, 601)
  lowest = min(value(np.array([i, j]), C, b, rho) for i in axis[::4] for j in axis[::4])
  found = solve(C, b, rho)
  assert found.min() >= -1
  assert value(found, C, b, rho) <= lowest + 1e-9
  # Nor one nearby: the problem is convex, so a local minimum is the minimum.
  rng = np.random.default_rng(0)
  for step in (1e-1, 1e-2, 1e-3):
    for _ in range(100):
      other = np.maximum(found + step * rng.normal(size=2), -1)
      assert value(found, C, b, rho) <= value(other, C, b, rho) + 1e-7


def test_norms_are_not_squared():
  # Below the smallest singular value nothing shrinks; above the largest, everything does.
  C, b = np.array([[0.4, 0.1], [0.2, 0.3]]), np.array([0.05, -0.05])
  high, low = np.linalg.svd(C, compute_uv=False)
  np.testing.assert_allclose(solve(C, b, 0.9 * low), np.linalg.solve(C, b), atol=1e-5)
  np.testing.assert_allclose(solve(C, b, 1.1 * high), 0.0, atol=1e-5)


def test_a_lost_direction_is_left_at_one():
  # The second and third class are predicted alike: only their sum can be known.
  C = np.array([[0.5, 0.0, 0.0], [0.0, 0.125, 0.125], [0.0, 0.125, 0.125]])
  theta = solve(C, np.array([-0.1, 0.05, 0.05]), 0.01)
  np.testing.assert_allclose(theta, [-0.2, 0.2, 0.2], atol=1e-3)


@pytest.mark.compares("a planted shift of classes")
def test_recovers_a_planted_shift():
  xs, ys, xt, true = label_shift()
  w = rlls(xs, ys, xt)
  np.testing.assert_allclose(by_class(w, ys), true, rtol=0.15)
  np.testing.assert_allclose(w, bbse(xs, ys, xt), rtol=1e-3)


def test_shrinks_where_bbse_refuses():
  rng = np.random.default_rng(0)
  x, y = rng.normal(size=(400, 5)), rng.integers(0, 2, 400)
  with pytest.warns(UserWarning, match="the confusion matrix is nearly singular"):
    np.testing.assert_allclose(rlls(x, y, x, penalty=1.0), 1.0, atol=0.05)


def test_trust_scales_the_difference_from_one():
  xs, ys, xt, _ = label_shift(300, 300)
  full, half = (by_class(rlls(xs, ys, xt, trust=t), ys) for t in (1.0, 0.5))
  np.testing.assert_allclose(half, 1 + 0.5 * (full - 1), atol=1e-4)
  np.testing.assert_allclose(rlls(xs, ys, xt, trust=0.0), 1.0)


def test_errors_name_the_remedy():
  xs, ys, xt, _ = label_shift(100, 60)
  for wrong in ({"penalty": -1.0}, {"trust": 2.0}, {"delta": 0.0}):
    with pytest.raises(ValueError, match="choose ≥ 0, from 0 to 1, between 0 and 1"):
      rlls(xs, ys, xt, **wrong)
