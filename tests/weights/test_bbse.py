"""bbse against numbers by hand and a planted label shift."""

import numpy as np
import pytest
from planted import by_class, label_shift

from adapt.weights._label_shift import Confusion
from adapt.weights.bbse import bbse, solve


def population(given, before, after, n=10**6):
  """The moments of a classifier with P(predicted | label) = given."""
  return Confusion(given * before, given @ after, given * (1 - given) / (n * before))


@pytest.mark.compares("the known ratio of classes, from exact moments")
def test_inverts_the_population():
  given = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.2], [0.2, 0.2, 0.7]])
  before, after = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.3, 0.5])
  np.testing.assert_allclose(solve(population(given, before, after)), after / before)


@pytest.mark.compares("a planted shift of classes")
@pytest.mark.parametrize("soft", [False, True])
def test_recovers_a_planted_shift(soft):
  xs, ys, xt, true = label_shift()
  w = by_class(bbse(xs, ys, xt, soft=soft), ys)
  np.testing.assert_allclose(w, true, rtol=0.15)  # true: 0.3, 1, 5


def test_no_shift_gives_nearly_equal_weights():
  xs, ys, xt, _ = label_shift(after=(0.6, 0.3, 0.1))
  np.testing.assert_allclose(bbse(xs, ys, xt), 1.0, atol=0.15)


def test_an_absent_class_gets_no_negative_weight():
  xs, ys, xt, _ = label_shift(after=(0.0, 0.4, 0.6))
  w = by_class(bbse(xs, ys, xt), ys)
  assert 0 <= w[0] < 0.1


def test_a_poor_classifier_will_do():
  # A third of the decisions are wrong.
  xs, ys, xt, true = label_shift(6000, 6000, before=(0.4, 0.3, 0.3), gap=1.2)
  np.testing.assert_allclose(by_class(bbse(xs, ys, xt), ys), true, rtol=0.2)


def test_chance_is_refused():
  rng = np.random.default_rng(0)
  x, y = rng.normal(size=(400, 5)), rng.integers(0, 2, 400)
  with pytest.raises(ValueError, match=r"singular .* use --weights rlls"):
    bbse(x, y, x)


def test_rare_classes_told_apart_are_not_refused():
  # C itself has the rare class's frequency as its smallest singular value.
  before, after = np.array([0.99, 0.01]), np.array([0.9, 0.1])
  found = population(np.array([[0.98, 0.03], [0.02, 0.97]]), before, after, n=2000)
  np.testing.assert_allclose(solve(found), after / before)
