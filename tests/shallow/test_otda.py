"""otda and jdot against a linear programme, Sinkhorn's fixed point, and POT's own functions."""

import numpy as np
import pytest
from scipy.optimize import linprog

from adapt.shallow.jdot import jdot
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


def test_jdot_takes_turns_of_a_linear_programme_and_ridge_regression(pair):
  xs, ys, xt = pair
  n, m = len(xs), len(xt)
  onehot, marginals = np.eye(2)[ys], np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
  rows = np.concatenate([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
  squared = ((xt[:, None] - xt) ** 2).sum(2)
  scale = 0.5 * np.median(squared[np.triu_indices(m, 1)])
  k, total = np.exp(-squared / scale), 2.0 * cost(xs, xt)
  for _ in range(3):
    plan = linprog(total.ravel(), A_eq=rows, b_eq=marginals).x.reshape(n, m)
    beta = np.linalg.inv(k + 0.3 * np.eye(m)) @ (plan.T / plan.sum(0)[:, None] @ onehot)
    fitted = k @ beta
    total = 2.0 * cost(xs, xt) + ((onehot[:, None] - fitted) ** 2).sum(2)
  new = np.random.default_rng(6).normal(size=(500, 3)) + 1
  scores = np.exp(-((new[:, None] - xt) ** 2).sum(2) / scale) @ beta
  predict = jdot(xs, ys, xt, inputs=2.0, ridge=0.3, bandwidth=0.5, iterations=3)
  np.testing.assert_array_equal(predict(new), scores.argmax(1))
  for other in ({"iterations": 1}, {"ridge": 3.0}, {"inputs": 100.0}, {"bandwidth": 1.0}):
    given = {"inputs": 2.0, "ridge": 0.3, "bandwidth": 0.5, "iterations": 3} | other
    assert (jdot(xs, ys, xt, **given)(new) != scores.argmax(1)).any(), other


def test_settings_out_of_range_are_refused(pair):
  with pytest.raises(ValueError, match="unknown plan 'emd': choose from exact, sinkhorn"):
    otda(*pair, plan="emd")
  with pytest.raises(ValueError, match="choose both above 0"):
    otda(*pair, entropy=0.0)
  with pytest.raises(ValueError, match="choose at least 1, above 0"):
    jdot(*pair, inputs=0.0)
  assert len(PLANS) == 5
