"""Held-out predictions and their moments, by hand; and the errors that bbse, rlls and mlls share."""

import numpy as np
import pytest
from planted import label_shift

from adapt.weights import get
from adapt.weights._label_shift import HeldOut, confusion, held_out, per_example, softmax

LOGITS = np.log(np.array([[0.7, 0.3], [0.4, 0.6], [0.2, 0.8], [0.9, 0.1]]))
FOUND = HeldOut(LOGITS, np.array([0, 0, 1, 1]), LOGITS[None, :3])


def test_confusion_by_hand():
  hard = confusion(FOUND, False)
  np.testing.assert_allclose(hard.joint, [[0.25, 0.25], [0.25, 0.25]])
  np.testing.assert_allclose(hard.target, [1 / 3, 2 / 3])
  np.testing.assert_allclose(hard.variance, 0.25 / 2)  # p (1 − p) / n_y
  soft = confusion(FOUND, True)
  np.testing.assert_allclose(soft.joint, np.array([[1.1, 1.1], [0.9, 0.9]]) / 4)
  np.testing.assert_allclose(soft.target, np.array([1.3, 1.7]) / 3)
  np.testing.assert_allclose(soft.variance[0], np.array([0.15**2, 0.35**2]) / 2)


def test_predictions_are_held_out():
  # Noise in more dimensions than examples: learned by heart, and of no use on what was not seen.
  rng = np.random.default_rng(0)
  x, ys = rng.normal(size=(200, 300)), np.arange(200) % 2
  found = held_out(x, ys, x, 1.0, 5, 1000, "bbse")
  assert (found.source.argmax(axis=1) == found.labels).mean() == pytest.approx(0.5, abs=0.12)
  assert found.source.shape == (200, 2) and found.target.shape == (5, 200, 2)


def test_a_sample_is_enough():
  xs, ys, xt, _ = label_shift()
  found = held_out(xs, ys, xt, 0.1, 3, 300, "bbse")
  assert found.source.shape == (300, 3) and found.target.shape == (3, 300, 3)
  np.testing.assert_allclose(np.bincount(found.labels) / 300, [0.6, 0.3, 0.1], atol=0.07)


def test_weights_of_classes_reach_the_examples():
  w = per_example(np.array([2.0, -1.0, 1.0]), np.array([9, 2, 2, 5]), "bbse")
  np.testing.assert_allclose(w, np.array([1.0, 2.0, 2.0, 0.0]) * 4 / 5)


def test_softmax_of_large_numbers():
  np.testing.assert_allclose(softmax(np.array([[1000.0, 1000.0]])), 0.5)


@pytest.mark.parametrize("name", ["bbse", "mlls", "rlls"])
def test_errors_name_the_remedy(name):
  xs, ys, xt, _ = label_shift(100, 60)
  weigh = get(name)
  with pytest.raises(ValueError, match="the source has 1: give at least 2"):
    weigh(xs, np.zeros(100), xt)
  rare = np.where(np.arange(100) < 3, 8, 3)
  with pytest.raises(
    ValueError, match=f"{name} has 3 examples of class 8 for 5 folds: choose fewer"
  ):
    weigh(xs, rare, xt)
  with pytest.raises(ValueError, match=r"0 examples of class \d for 5 folds.*larger sample"):
    weigh(xs, np.arange(100) % 10, xt, sample=6)
  with pytest.raises(ValueError, match="at least 2"):
    weigh(xs, ys, xt, folds=1)
  with pytest.raises(ValueError, match="0 target examples: give at least 1"):
    weigh(xs, ys, xt[:0])


@pytest.mark.parametrize("name", ["bbse", "mlls", "rlls"])
def test_the_largest_label_need_not_be_the_number_of_classes(name):
  xs, ys, xt, _ = label_shift(300, 300)
  moved = np.array([0, 0, 0, 0, 0, 100, 0, 0, 1000])[ys]  # 3, 5, 8 -> 0, 100, 1000
  np.testing.assert_array_equal(get(name)(xs, moved, xt), get(name)(xs, ys, xt))
