"""easytl against a search over all assignments, meda against its equation written out."""

import itertools

import numpy as np
import pytest

from adapt.shallow import meda as module
from adapt.shallow.easytl import easytl
from adapt.shallow.maps import nearest, unit
from adapt.shallow.meda import meda


@pytest.fixture(scope="module")
def pair():
  rng = np.random.default_rng(3)
  ys = np.arange(18) % 3
  centres = 2 * rng.normal(size=(3, 5))
  xs = centres[ys] + rng.normal(size=(18, 5))
  return xs, ys, centres[np.arange(20) % 3] + rng.normal(size=(20, 5)) + 1


def test_easytl_is_the_nearest_mean_where_every_class_is_found(pair):
  from sklearn.neighbors import NearestCentroid

  xs, ys, xt = pair
  expected = NearestCentroid().fit(xs, ys).predict(xt)
  assert set(expected) == {0, 1, 2}
  np.testing.assert_array_equal(easytl(xs, ys, xt)(xt), expected)


def test_easytl_gives_every_class_an_example(pair):
  xs, ys, _ = pair
  x = xs[ys == 1][:5] + np.linspace(0, 0.3, 5)[:, None]
  means = np.stack([xs[ys == c].mean(0) for c in range(3)])
  squared = ((x[:, None] - means) ** 2).sum(2)
  assert set(squared.argmin(1)) == {1}
  allowed = (c for c in itertools.product(range(3), repeat=5) if set(c) == {0, 1, 2})
  best = min(allowed, key=lambda c: squared[np.arange(5), list(c)].sum())
  np.testing.assert_array_equal(easytl(xs, ys, x)(x), best)


def test_meda_solves_its_equation(pair):
  xs, ys, xt = pair
  n, size = 18, 38
  x = np.concatenate([unit(xs), unit(xt)])
  k = np.array([[np.exp(-((a - b) ** 2).sum() / 2) for b in x] for a in x])
  s = np.zeros((size, size))
  for i in range(size):
    for j in np.argsort(-(x @ x[i]))[:4]:
      s[i, j] = x[i] @ x[j]
  s = np.maximum(s, s.T)
  degrees = np.diag(s.sum(1) ** -0.5)
  laplacian = np.eye(size) - degrees @ s @ degrees
  keep = np.diag(np.r_[np.ones(n), np.zeros(20)])
  targets = np.concatenate([np.eye(3)[ys], np.zeros((20, 3))])
  guessed = nearest(x[:n], ys, x[n:])
  for _ in range(2):
    e = np.r_[np.full(n, 1 / n), np.full(20, -1 / 20)]
    gap = 0.7 * 3 * np.outer(e, e)
    for c in range(3):
      e = np.r_[(ys == c) / (ys == c).sum(), -1.0 * (guessed == c) / max((guessed == c).sum(), 1)]
      gap += 0.3 * np.outer(e, e)
    gap /= np.linalg.norm(gap)
    left = (keep + 4.0 * gap + 0.5 * laplacian) @ k + 0.2 * np.eye(size)
    scores = k @ np.linalg.inv(left) @ keep @ targets
    guessed = scores[n:].argmax(1)
  given = {"alignment": 4.0, "manifold": 0.5, "shrinkage": 0.2, "neighbours": 3, "iterations": 2}
  predict = meda(xs, ys, xt, balance=0.3, **given)
  np.testing.assert_array_equal(predict(xt), guessed)
  # Where classes meet, among new examples, any other weight gives other classes.
  new = np.random.default_rng(4).normal(size=(2000, 5))
  beta = np.linalg.inv(left) @ keep @ targets
  to_new = np.exp(-((unit(new)[:, None] - x) ** 2).sum(2) / 2)
  expected = (to_new @ beta).argmax(1)
  np.testing.assert_array_equal(predict(new), expected)
  for other in ({"alignment": 5.0}, {"manifold": 0.8}, {"shrinkage": 0.3}, {"neighbours": 5}):
    changed = meda(xs, ys, xt, balance=0.3, **(given | other))
    assert (changed(new) != expected).any(), other


def test_meda_s_balance_is_of_a_distances(pair):
  xs, _, _ = pair
  assert module._a_distance(xs, xs + 100) == 2.0  # told apart without an error
  assert module._a_distance(xs, xs) == pytest.approx(0.0)  # a half is wrong
  ys, guessed = np.arange(18) % 3, np.array([0, 1] * 10)
  xt = np.where(guessed[:, None] == 0, 100.0, 0.0) + np.random.default_rng(5).normal(size=(20, 5))
  means = [module._a_distance(xs[ys == c], xt[guessed == c]) for c in (0, 1)]  # of 2 there is none
  found = module._balance(xs, ys, xt, guessed, 1.5)
  assert found == pytest.approx(sum(means) / 3 / (sum(means) / 3 + 1.5))


def test_settings_out_of_range_are_refused(pair):
  for wrong in ({"iterations": 0}, {"neighbours": 0}, {"balance": 2.0}):
    with pytest.raises(ValueError, match="choose at least 1"):
      meda(*pair, **wrong)
