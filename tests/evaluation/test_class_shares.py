"""Class shares by black box shift estimation: exact where its model is, and refused where blind."""

import numpy as np
import pytest

from adapt.evaluation.class_shares import class_shares

NAMES = ("a", "b", "c")
GIVEN = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.1, 0.2, 0.7]])  # P(predicted i | label j)


def predicted(labels, given, seed):
  """One-hot decisions of a classifier that confuses classes as given says."""
  rng = np.random.default_rng(seed)
  which = [rng.choice(3, p=given[:, k]) for k in labels]
  return np.eye(3)[which]


def labels_of(shares, n, seed):
  return np.random.default_rng(seed).choice(3, size=n, p=shares)


def test_shares_are_found_through_the_confusions():
  ys, yt = labels_of([0.5, 0.3, 0.2], 4000, 0), labels_of([0.1, 0.3, 0.6], 4000, 1)
  found = class_shares(predicted(ys, GIVEN, 2), ys, predicted(yt, GIVEN, 3), NAMES)
  np.testing.assert_allclose(found.source, np.bincount(ys) / 4000)
  np.testing.assert_allclose(found.target, [0.1, 0.3, 0.6], atol=0.05)
  assert found.moved and found.classes == NAMES and found.p_value is None
  assert found.condition == pytest.approx(np.linalg.cond(GIVEN), rel=0.2)


def test_exact_moments_give_exact_shares():
  ys = np.repeat([0, 1, 2], [50, 30, 20])
  p = GIVEN.T[ys]  # each example of a class has that class's mean probabilities
  found = class_shares(p, ys, GIVEN.T[np.repeat([0, 2], [25, 75])], NAMES)
  np.testing.assert_allclose(found.target, [0.25, 0, 0.75], atol=1e-10)


def test_errors_are_the_spread_over_samples():
  drawn, errors = [], []
  for k in range(30):
    ys, yt = labels_of([0.4, 0.3, 0.3], 300, 3 * k), labels_of([0.4, 0.3, 0.3], 300, 3 * k + 1)
    p, new = predicted(ys, GIVEN, 3 * k + 2), predicted(yt, GIVEN, 3 * k + 3)
    found = class_shares(p, ys, new, NAMES)
    drawn.append(np.subtract(found.target, found.source))
    errors.append(found.errors)
  assert np.mean(errors, axis=0) == pytest.approx(np.std(drawn, axis=0), rel=0.5)


def test_equal_shares_seldom_move():
  moved = []
  for k in range(40):
    ys, yt = labels_of([0.4, 0.3, 0.3], 200, k), labels_of([0.4, 0.3, 0.3], 200, 100 + k)
    found = class_shares(predicted(ys, GIVEN, 200 + k), ys, predicted(yt, GIVEN, 300 + k), NAMES)
    moved.append(found.moved)
  assert np.mean(moved) <= 0.15


def test_a_blind_model_tells_nothing():
  ys = labels_of([0.4, 0.3, 0.3], 300, 0)
  p = np.tile([0.4, 0.3, 0.3], (300, 1))
  assert class_shares(p, ys, p, NAMES) is None
