"""Stacked accuracies: ridge regression by scikit-learn, intervals by hand, and what they need."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from adapt.evaluation import stacked

RNG = np.random.default_rng(0)
SCORES = [dict(zip(("cot", "u", "v"), row, strict=True)) for row in RNG.uniform(0.3, 0.7, (60, 3))]
BASE = np.array([s["cot"] for s in SCORES])
X = np.array([[s["u"] - s["cot"], s["v"] - s["cot"]] for s in SCORES])
GROUPS = np.repeat(list("abcdef"), 10)
Y = BASE + 0.2 * (X[:, 0] - X[:, 0].mean()) + RNG.normal(size=60) * 0.02


def theirs(fit, new):
  mean, spread = X[fit].mean(axis=0), X[fit].std(axis=0)
  ridge = Ridge(alpha=stacked.PENALTY, fit_intercept=False)
  ridge.fit((X[fit] - mean) / spread, (Y - BASE)[fit])
  return BASE[new] + ridge.predict((X[new] - mean) / spread)


def test_values_and_reach_are_ridge_regression_s():
  made = stacked.fit(("u", "v"), SCORES, Y, GROUPS)
  off = [abs(Y[own] - theirs(~own, own)) for own in (g == GROUPS for g in "abcdef")]
  assert made.reach == pytest.approx(np.sort(np.concatenate(off))[54], abs=1e-10)  # ⌈61 · 0.9⌉ = 55
  every = theirs(np.ones(60, bool), np.arange(5))
  for scores, value in zip(SCORES, every, strict=False):
    found = stacked.expected(made, scores)
    assert found.value == pytest.approx(value, abs=1e-10)
    assert found.high - found.value == pytest.approx(made.reach)
  assert (made.pairs, made.groups) == (60, 6)


def test_groups_that_differ_make_wide_intervals():
  apart = Y + 0.1 * (GROUPS < "d")
  alike = stacked.fit(("u", "v"), SCORES, Y, GROUPS).reach
  assert stacked.fit(("u", "v"), SCORES, apart, GROUPS).reach > 1.5 * alike


def test_intervals_stay_among_shares_and_need_every_score():
  made = stacked.fit(("u",), SCORES, Y, GROUPS)
  found = stacked.expected(made, {"u": 100.0, "cot": 0.5})
  assert found.value == found.high == 1.0 and found.low < 1.0
  assert stacked.expected(made, {"u": 1.0}) is None
  assert stacked.expected(made, {"cot": 1.0, "u": np.nan}) is None
  with pytest.raises(ValueError, match="two"):
    stacked.fit(("u",), SCORES, Y, ["a"] * 60)
  with pytest.raises(ValueError, match="finite"):
    stacked.fit(("u",), SCORES, Y[:5], GROUPS[:5])
