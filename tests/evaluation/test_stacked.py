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
  made = stacked.fit("cot", ("u", "v"), SCORES, Y, GROUPS)
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
  alike = stacked.fit("cot", ("u", "v"), SCORES, Y, GROUPS).reach
  assert stacked.fit("cot", ("u", "v"), SCORES, apart, GROUPS).reach > 1.5 * alike


def test_intervals_stay_among_shares_and_need_every_score():
  made = stacked.fit("cot", ("u",), SCORES, Y, GROUPS)
  found = stacked.expected(made, {"u": 100.0, "cot": 0.5})
  assert found.value == found.high == 1.0 and found.low < 1.0
  assert stacked.expected(made, {"u": 1.0}) is None
  assert stacked.expected(made, {"cot": 1.0, "u": np.nan}) is None
  with pytest.raises(ValueError, match="two"):
    stacked.fit("cot", ("u",), SCORES, Y, ["a"] * 60)
  with pytest.raises(ValueError, match="finite"):
    stacked.fit("cot", ("u",), SCORES, Y[:5], GROUPS[:5])


def test_every_group_counts_alike_in_the_reach():
  """Twice the pairs of the worst group do not make its errors count twice."""
  apart = Y + 0.3 * (GROUPS == "a")
  one = stacked.fit("cot", ("u",), SCORES, apart, GROUPS)
  again = np.concatenate([np.arange(60), *[np.arange(10)] * 8])
  many = stacked.fit("cot", ("u",), [SCORES[i] for i in again], apart[again], GROUPS[again])
  off = [abs(v) for v in (one.reach, many.reach)]
  assert off[1] == pytest.approx(off[0], abs=0.06)


def test_the_mean_over_seeds_leaves_out_lost_ones():
  found = {
    "value": [0.5, None, 0.7],
    "low": [0.3, None, 0.5],
    "high": [0.7, None, 0.9],
    "cot": [1, 1, 1],
  }
  assert stacked.over_seeds(found) == pytest.approx((0.6, 0.4, 0.8))
  assert stacked.over_seeds(None) is None and stacked.over_seeds({"cot": [1.0]}) is None
