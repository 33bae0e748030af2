"""tradaboost_r2 against its algorithm written out example by example; gain, null, and refusals."""

import numpy as np
import pytest
from scipy.optimize import brentq
from sklearn.tree import DecisionTreeRegressor

from adapt.shallow import tradaboost_r2 as module
from adapt.shallow.tradaboost_r2 import tradaboost_r2


def drawn(n, shift, seed):
  """Values that depend on two inputs, on one of them otherwise by `shift`."""
  rng = np.random.default_rng(seed)
  x = rng.uniform(-1, 1, (n, 3))
  y = 20 * np.sin(3 * x[:, 0]) + (1 - shift) * 15 * x[:, 1] + 0.3 * rng.normal(size=n)
  return x, y[:, None]


def by_hand_boosted(x, y, w, n, rounds, depth):
  """AdaBoost.R2 with the first n weights kept."""
  w, trees = w / w.sum(), []
  for _ in range(rounds):
    tree = DecisionTreeRegressor(max_depth=depth, random_state=1).fit(x, y, sample_weight=w)
    e = np.abs(y - tree.predict(x))
    e = e / e[w > 0].max()
    error = sum(w[i] * e[i] for i in range(len(x)))
    if error >= 0.5:
      break
    beta = error / (1 - error)
    trees.append((tree, np.log(1 / beta)))
    new = w.copy()
    for i in range(n, len(x)):
      new[i] = w[i] * beta ** (1 - e[i])
    new[n:] *= w[n:].sum() / new[n:].sum()
    w = new
  return trees


def by_hand_median(trees, x):
  found = []
  for row in x:
    pairs = sorted((tree.predict(row[None])[0], weight) for tree, weight in trees)
    half, total = sum(weight for _, weight in pairs) / 2, 0.0
    for value, weight in pairs:
      total += weight
      if total >= half - 1e-12:
        found.append(value)
        break
  return np.array(found)


def test_it_is_its_algorithm():
  (xs, ys), (xl, yl), (new, _) = drawn(30, 0, 0), drawn(15, 2, 1), drawn(20, 2, 2)
  n, m, steps, rounds, depth = 30, 15, 4, 3, 2
  x, y = np.concatenate([xs, xl]), np.concatenate([ys, yl])[:, 0]
  held = np.array_split(n + np.random.default_rng(1).permutation(m), 3)
  w, errors, kept = np.full(n + m, 1 / (n + m)), [], []
  for t in range(1, steps + 1):
    squares = []
    for rows in held:
      rest = [i for i in range(n + m) if i not in rows]
      trees = by_hand_boosted(x[rest], y[rest], w[rest], n, rounds, depth)
      squares += ((by_hand_median(trees, x[rows]) - y[rows]) ** 2).tolist()
    errors.append(np.mean(squares))
    kept.append(w)
    if t == steps:
      break
    tree = DecisionTreeRegressor(max_depth=depth, random_state=1).fit(x, y, sample_weight=w)
    e = np.abs(y - tree.predict(x)) / np.abs(y - tree.predict(x)).max()
    share = m / (n + m) + t / (steps - 1) * (1 - m / (n + m))
    wanted = w[n:].sum() * (1 - share) / share  # of the source's weight
    gap = lambda b, w=w, e=e, wanted=wanted: (w[:n] * b ** e[:n]).sum() - wanted
    beta = brentq(gap, 1e-300, 1, xtol=1e-300, rtol=1e-12) if share < 1 else 0.0
    w = np.r_[w[:n] * beta ** e[:n], w[n:]]
    w = w / w.sum()
    assert w[n:].sum() == pytest.approx(share)
  best = int(np.argmin(errors))
  assert best > 0
  trees = by_hand_boosted(x, y, kept[best], n, rounds, depth)
  given = {"steps": steps, "rounds": rounds, "folds": 3, "depth": depth, "seed": 1}
  found = tradaboost_r2(xs, ys, xl, yl, **given)(new)
  np.testing.assert_allclose(found[:, 0], by_hand_median(trees, new), rtol=1e-6)
  alike = tradaboost_r2(xs, ys, xl, yl, **(given | {"steps": 1}))(new)
  assert np.abs(found - alike).max() > 0.1


def test_the_weighted_median_is_between_its_trees():
  class Says:
    def __init__(self, value):
      self.predict = lambda x: np.full(len(x), value)

  voters = [(Says(5.0), 1.0), (Says(1.0), 1.5), (Says(9.0), 1.6)]
  assert module.median(voters, np.zeros((2, 1))).tolist() == [5.0, 5.0]
  assert module.median([*voters[:2], (Says(9.0), 4.0)], np.zeros((1, 1))).tolist() == [9.0]


def test_it_gains_where_some_of_the_source_misleads_and_costs_little_where_none_does():
  """Over four draws, against boosting on all examples alike and on the labelled target alone."""

  def errors(seed, wrong):
    parts = drawn(150 - wrong, 0, seed), drawn(wrong, 2, seed + 10)
    xs, ys = (np.concatenate(both) for both in zip(*parts, strict=True))
    few, (x, y) = drawn(25, 0, seed + 20), drawn(300, 0, seed + 30)
    given = [(xs, ys, 6), (xs, ys, 1), (few[0][:1], few[1][:1], 1)]
    own = {"rounds": 5, "folds": 3}
    made = [tradaboost_r2(*source, *few, steps=steps, **own)(x) for *source, steps in given]
    return [((predicted - y) ** 2).mean() for predicted in made]

  adapted, alike, alone = np.mean([errors(seed, 50) for seed in range(4)], axis=0)
  assert adapted < 0.9 * min(alike, alone)
  adapted, alike, alone = np.mean([errors(seed, 0) for seed in range(4)], axis=0)
  assert adapted < 1.25 * alike < alone


def test_trees_without_an_error_and_one_too_bad_still_make_a_model():
  (xs, ys), (xl, yl) = drawn(20, 0, 0), drawn(4, 0, 1)
  same = tradaboost_r2(xs, 0 * ys + 3, xl, 0 * yl + 3, steps=2, rounds=2, folds=2)
  assert same(xl).tolist() == [[3.0]] * 4
  coin = np.where(np.arange(24) % 2, 1.0, -1.0)[:, None]
  x = np.zeros((24, 1))
  assert np.isfinite(tradaboost_r2(x[:20], coin[:20], x[20:], coin[20:], folds=2)(x)).all()


def test_wrong_settings_and_labels_are_refused():
  (xs, ys), (xl, yl) = drawn(20, 0, 0), drawn(4, 0, 1)
  with pytest.raises(ValueError, match="choose at least 1, and 2 folds"):
    tradaboost_r2(xs, ys, xl, yl, rounds=0)
  with pytest.raises(ValueError, match="learns one label, and each example has 2"):
    tradaboost_r2(xs, ys, xl, np.hstack([yl, yl]))
  with pytest.raises(ValueError, match="has 1 labelled target examples"):
    tradaboost_r2(xs, ys, xl[:1], yl[:1])
