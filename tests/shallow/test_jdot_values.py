"""jdot_values against a linear programme and ridge regression in turns; gain, null, and otda beside it."""

import numpy as np
import pytest
from scipy.optimize import linprog

from adapt.shallow import regressor, transforms
from adapt.shallow.jdot_values import jdot_values
from adapt.shallow.otda import OF_CLASSES, otda

pytest.importorskip("ot")


def drawn(n, moved, seed):
  """Inputs in a bent strip that is `moved`, and the value along it, in a unit of its own."""
  rng = np.random.default_rng(seed)
  along = rng.uniform(-2, 2, n)
  x = np.stack([along, np.sin(along) + 0.1 * rng.normal(size=n)], axis=1)
  y = 400 + 50 * np.sin(2 * along) + rng.normal(size=n)
  return x + moved * np.array([0.8, -0.5]), y[:, None]


def r2(predicted, y):
  return 1 - ((predicted - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def test_it_takes_turns_of_a_linear_programme_and_ridge_regression():
  (xs, ys), (xt, _) = drawn(9, 0, 0), drawn(12, 1, 1)
  ys = np.concatenate([ys, -(xs[:, :1] ** 2)], axis=1)  # two labels of two units
  n, m = len(xs), len(xt)
  marginals = np.r_[np.full(n, 1 / n), np.full(m, 1 / m)]
  rows = np.concatenate([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
  apart = ((xs[:, None] - xt) ** 2).sum(2)
  squared = ((xt[:, None] - xt) ** 2).sum(2)
  scale = 0.5 * np.median(squared[np.triu_indices(m, 1)])
  y, k = (ys - ys.mean(0)) / ys.std(0), np.exp(-squared / scale)
  total = 2.0 * apart / apart.max()
  for _ in range(3):
    plan = linprog(total.ravel(), A_eq=rows, b_eq=marginals).x.reshape(n, m)
    beta = np.linalg.inv(k + 0.3 * np.eye(m)) @ (plan.T / plan.sum(0)[:, None] @ y)
    total = 2.0 * apart / apart.max() + ((y[:, None] - k @ beta) ** 2).sum(2)
  new = np.random.default_rng(6).normal(size=(50, 2))
  expected = np.exp(-((new[:, None] - xt) ** 2).sum(2) / scale) @ beta * ys.std(0) + ys.mean(0)
  given = {"inputs": 2.0, "ridge": 0.3, "bandwidth": 0.5, "iterations": 3}
  np.testing.assert_allclose(jdot_values(xs, ys, xt, **given)(new), expected, rtol=1e-6)
  for other in ({"iterations": 1}, {"ridge": 3.0}, {"inputs": 100.0}, {"bandwidth": 1.0}):
    assert np.abs(jdot_values(xs, ys, xt, **(given | other))(new) - expected).max() > 0.1, other


def test_transport_gains_where_the_strip_has_moved_and_costs_little_where_not():
  (xs, ys), (xt, _), (x, y) = drawn(150, 0, 0), drawn(150, 1, 1), drawn(200, 1, 2)
  (near, _), (at, of) = drawn(150, 0, 1), drawn(200, 0, 2)
  plain = regressor.fit("rbf", transforms.none(xs, xt), xs, ys, 0).predict
  own = {"bandwidth": 0.1, "ridge": 0.01}
  assert r2(jdot_values(xs, ys, xt, **own)(x), y) > r2(plain(x), y) + 0.3
  assert r2(jdot_values(xs, ys, near, **own)(at), of) > r2(plain(at), of) - 0.2
  for plan in ("exact", "sinkhorn", "laplace"):
    maps = transforms.fitted("otda", xs, ys, xt, plan=plan, entropy=0.01)
    moved = regressor.fit("rbf", maps, xs, ys, 0).predict
    assert r2(moved(x), y) > r2(plain(x), y) + 0.3, plan
  still = transforms.fitted("otda", xs, ys, xs, plan="exact")  # nothing is to be moved
  found = regressor.fit("rbf", still, xs, ys, 0).predict
  np.testing.assert_allclose(found(at), plain(at), rtol=1e-6)


def test_plans_of_classes_and_labels_that_do_not_vary_are_refused():
  (xs, ys), (xt, _) = drawn(9, 0, 0), drawn(12, 1, 1)
  for plan in OF_CLASSES:
    with pytest.raises(ValueError, match=f"plan {plan} needs classes.*exact, sinkhorn, laplace"):
      otda(xs, ys, xt, plan=plan)
  with pytest.raises(ValueError, match=r"jda looks at classes.*choose from none, pca"):
    transforms.fitted("jda", xs, ys, xt)
  with pytest.raises(ValueError, match="do not vary"):
    jdot_values(np.tile(xs, (7, 1)), np.full((63, 1), 0.1), xt)  # whose deviation is 1e-17
