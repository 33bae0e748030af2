"""otda against a linear programme, Sinkhorn's fixed point, and POT's own functions."""

import numpy as np
import pytest
from scipy.optimize import linprog

from adapt.shallow.otda import PLANS, otda

ot = pytest.importorskip("ot")


@pytest.fixture(scope="module")
def pair():
  rng = np.random.default_rng(2)
  ys = np.arange(8) % 2
  return rng.normal(size=(8, 3)) + 2 * ys[:, None], ys, rng.normal(size=(10, 3)) + 1


def moved(plan, xt):
  return plan @ xt / plan.sum(1, keepdims=True)


def cost(xs, xt):
  c = ((xs[:, None] - xt) ** 2).sum(2)
  return c / c.max()


def test_the_exact_plan_is_the_linear_programme_s(pair):
  xs, ys, xt = pair
  n, m = len(xs), len(xt)
  rows = np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))
  marginals = np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
  found = linprog(cost(xs, xt).ravel(), A_eq=np.concatenate(rows), b_eq=marginals)
  expected = moved(found.x.reshape(n, m), xt)
  np.testing.assert_allclose(otda(xs, ys, xt, plan="exact").source(xs), expected, atol=1e-7)


def test_sinkhorn_s_plan_is_its_fixed_point(pair):
  xs, ys, xt = pair
  k = np.exp(-cost(xs, xt) / 0.2)
  v = np.ones(10)
  for _ in range(2000):
    u = 1 / 8 / (k @ v)
    v = 1 / 10 / (k.T @ u)
  expected = moved(u[:, None] * k * v, xt)
  np.testing.assert_allclose(otda(xs, ys, xt, entropy=0.2).source(xs), expected, rtol=1e-5)


@pytest.mark.parametrize(
  ("plan", "solve"), [("lpl1", "sinkhorn_lpl1_mm"), ("group_lasso", "sinkhorn_l1l2_gl")]
)
def test_plans_of_classes_are_pot_s(pair, plan, solve):
  xs, ys, xt = pair
  a, b = np.full(8, 1 / 8), np.full(10, 1 / 10)
  expected = getattr(ot.da, solve)(a, ys, b, cost(xs, xt), 0.5, eta=0.2)
  found = otda(xs, ys, xt, plan=plan, entropy=0.5, strength=0.2).source(xs)
  np.testing.assert_allclose(found, moved(expected, xt), rtol=1e-4)
  free = otda(xs, ys, xt, entropy=0.5).source(xs)
  assert np.abs(found - free).max() > 1e-3


def test_laplace_keeps_neighbours_of_a_class_together(pair):
  xs, ys, xt = pair
  apart = {}
  for strength in (1e-6, 10.0):
    z = otda(xs, ys, xt, plan="laplace", strength=strength).source(xs)
    apart[strength] = sum(((z[ys == c] - z[ys == c].mean(0)) ** 2).sum() for c in (0, 1))
  assert apart[10.0] < 0.8 * apart[1e-6]


def test_the_target_stays_and_a_new_source_example_moves_as_its_nearest(pair):
  xs, ys, xt = pair
  maps = otda(xs, ys, xt, plan="exact")
  np.testing.assert_array_equal(maps.target(xt), xt)
  step = maps.source(xs)[3] - xs[3]
  np.testing.assert_allclose(maps.source(xs[3:4] + 1e-3), xs[3:4] + 1e-3 + step, atol=1e-6)


def test_settings_out_of_range_are_refused(pair):
  with pytest.raises(ValueError, match="unknown plan 'emd': choose from exact, sinkhorn"):
    otda(*pair, plan="emd")
  with pytest.raises(ValueError, match="choose both above 0"):
    otda(*pair, entropy=0.0)
  assert len(PLANS) == 5
