"""Ranks of sources: weights find the score that ranks, and signs, ties and gaps are kept."""

import numpy as np
import pytest
from scipy.optimize import minimize

from adapt.evaluation import ranking

RNG = np.random.default_rng(0)


def target(group, n=4):
  accuracy = RNG.uniform(size=n)
  scores = [{"good": a, "far": -a + RNG.normal() * 0.3, "noise": RNG.normal()} for a in accuracy]
  return ranking.Target(group, scores, accuracy)


TARGETS = [target(g) for g in "aabbbc"]
NAMES, LOWER = ("good", "far", "noise"), ("far",)


def test_weights_are_the_least_squares_ones_that_are_not_negative():
  made = ranking.fit(NAMES, LOWER, TARGETS)
  assert made.weights[0] > 0.6 and sum(made.weights) == pytest.approx(1)
  assert (made.targets, made.groups) == (6, 3)

  def order(values):
    return np.argsort(np.argsort(values)) / 3 - 0.5

  def loss(w):
    total = 0.1 * (w**2).sum()
    for t in TARGETS:
      x = np.array([[s["good"], -s["far"], s["noise"]] for s in t.scores])
      off = order(-np.array(t.accuracy)) - sum(c * order(-v) for c, v in zip(w, x.T, strict=True))
      total += (off**2).sum() / 4 / {"a": 2, "b": 3, "c": 1}[t.group]
    return total

  found = minimize(loss, np.full(3, 0.3), bounds=[(0, None)] * 3, tol=1e-12).x
  np.testing.assert_allclose(made.weights, found / found.sum(), atol=1e-4)


def test_the_best_source_has_rank_one():
  made = ranking.Ranking(("good", "far"), ("far",), (0.75, 0.25), 1, 1)
  scores = [{"good": 0.5, "far": 1.0}, {"good": 0.9, "far": 2.0}, {"good": 0.9, "far": 3.0}]
  assert ranking.ranks(made, scores) == [0.75 * 3 + 0.25, 0.75 * 1.5 + 0.5, 0.75 * 1.5 + 0.75]
  scores[2]["good"] += 1e-12  # rounding decides nothing
  assert ranking.ranks(made, scores)[1] == 0.75 * 1.5 + 0.5
  assert ranking.ranks(made, [{"good": 0.5}, {"good": 0.4, "far": 1.0}]) is None
  with pytest.raises(ValueError, match="two sources"):
    ranking.fit(NAMES, LOWER, [target("a", 1)])


def test_first_places_are_counted_with_what_the_first_lacks():
  found = [[1.0, 2.4, 2.6], [1.36, 1.64, 3.0], [1.36, 1.64, 3.0]]
  accuracy = [(0.9, 0.8, 0.1), (0.2, 0.35, 0.1), (0.3, 0.2, 0.1)]
  assert ranking.first_places(found, accuracy) == ranking.FirstPlaces(3, 2, pytest.approx(0.15))
  many = [(0.5, 0.5 - k / 100) for k in range(1, 21)]
  assert ranking.loss([[2.0, 1.0]] * 20, many) == pytest.approx(
    0.19
  )  # the 19th of 20, for 0.9 of 21


def test_a_difference_within_a_score_s_step_does_not_order():
  scores = [{"far": 1.96, "good": 0.1}, {"far": 2.0, "good": 0.3}, {"far": 1.5, "good": 0.2}]
  fine = ranking.Ranking(("far", "good"), ("far",), (0.6, 0.4), 1, 1)
  assert ranking.ranks(fine, scores) == pytest.approx([0.6 * 2 + 1.2, 0.6 * 3 + 0.4, 0.6 + 0.8])
  coarse = fine._replace(steps=(0.1, 1e-6))
  assert ranking.ranks(coarse, scores) == pytest.approx([1.5 + 1.2, 1.5 + 0.4, 0.6 + 0.8])
