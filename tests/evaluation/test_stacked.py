"""Stacked accuracies: ridge regression by scikit-learn, intervals by hand, and what they cover."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from adapt.evaluation import stacked

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)) * [1, 5, 0.1] + 2
GROUPS = np.repeat(list("abcdef"), 10)
Y = 0.5 + 0.03 * X[:, 0] - 0.01 * X[:, 1] + RNG.normal(size=60) * 0.02


def theirs(x, y, new):
  scale = StandardScaler().fit(x)
  return Ridge(alpha=stacked.PENALTY).fit(scale.transform(x), y).predict(scale.transform(new))


def test_values_and_reach_are_ridge_regression_s():
  made = stacked.fit("uvw", X, Y, GROUPS)
  off = [
    abs(Y[g == GROUPS] - theirs(X[g != GROUPS], Y[g != GROUPS], X[g == GROUPS])) for g in "abcdef"
  ]
  assert made.reach == pytest.approx(np.sort(np.concatenate(off))[54], abs=1e-10)  # ⌈61 · 0.9⌉ = 55
  for row in X[:5]:
    found = stacked.expected(made, dict(zip("uvw", row, strict=True)))
    assert found.value == pytest.approx(theirs(X, Y, row[None])[0], abs=1e-10)
    assert found.high - found.value == pytest.approx(made.reach)
  assert (made.pairs, made.groups) == (60, 6)


def test_groups_that_differ_make_wide_intervals():
  apart = Y + 0.1 * (GROUPS < "d")
  assert stacked.fit("uvw", X, apart, GROUPS).reach > 2 * stacked.fit("uvw", X, Y, GROUPS).reach


def test_intervals_stay_among_shares_and_need_every_score():
  made = stacked.fit("uvw", X, Y, GROUPS)
  found = stacked.expected(made, {"u": 100.0, "v": 2.0, "w": 2.0})
  assert found.value == found.high == 1.0 and found.low <= 1.0
  assert stacked.expected(made, {"u": 1.0, "v": 2.0}) is None
  assert stacked.expected(made, {"u": 1.0, "v": 2.0, "w": np.nan}) is None
  with pytest.raises(ValueError, match="two"):
    stacked.fit("uvw", X, Y, ["a"] * 60)
  with pytest.raises(ValueError, match="finite"):
    stacked.fit("uv", X, Y, GROUPS)
