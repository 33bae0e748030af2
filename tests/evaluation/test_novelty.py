"""Uncovered target examples: none of the same set, all of another, new classes alone in between."""

import numpy as np
import pytest

from adapt.evaluation.novelty import uncovered

RNG = np.random.default_rng(0)
XS, SAME = RNG.normal(size=(600, 4)), RNG.normal(size=(600, 4))


def classes(counts):
  """Four classes of Gaussian inputs, that many examples of each, shuffled."""
  parts = [RNG.normal(2.5 * np.eye(4)[k] * 2, 1, (n, 4)) for k, n in enumerate(counts)]
  y = np.repeat(range(4), counts)
  order = RNG.permutation(len(y))
  return np.concatenate(parts)[order], y[order]


def test_the_same_set_is_covered_and_another_is_not():
  assert not uncovered(XS, SAME).seen and uncovered(XS, SAME).share < 0.02
  assert uncovered(XS, SAME + 20).share > 0.99


def test_a_new_class_is_seen_and_its_share_is_not_overstated():
  known, (xt, _) = classes([200, 200, 200, 0])[0], classes([150, 150, 150, 150])
  found = uncovered(known, xt)
  assert found.seen and 0.15 < found.share < 0.27
  assert not uncovered(classes([200] * 4)[0], xt).seen


def test_a_class_that_has_become_frequent_is_not_new_once_it_is_weighted():
  x, y = classes([20, 200, 200, 200])
  xt, _ = classes([500, 50, 50, 50])
  plain = uncovered(x, xt)
  given = np.array([500, 50, 50, 50]) / 650 / (np.array([20, 200, 200, 200]) / 620)
  assert plain.seen and not uncovered(x, xt, given[y]).seen


def test_what_has_no_ratio_is_refused():
  for xs, xt in ((XS[:2], SAME), (XS, SAME[:, :2]), (XS[0], SAME)):
    with pytest.raises(ValueError, match="at least 3"):
      uncovered(xs, xt)
