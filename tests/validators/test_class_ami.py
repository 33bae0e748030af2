"""Adjusted mutual information against scikit-learn's."""

import numpy as np
import pytest
from clusters_by_hand import RANDOM, TRUE, found, one_hot
from sklearn import metrics

from adapt.validators.class_ami import score


@pytest.mark.compares("scikit-learn's `adjusted_mutual_info_score`")
@pytest.mark.parametrize(("classes", "clusters"), [(2, 2), (4, 3), (7, 9)])
def test_ami_is_scikit_learn_s(classes, clusters):
  rng = np.random.default_rng(classes)
  one = rng.integers(0, classes, 80)
  other = np.where(rng.random(80) < 0.5, one % clusters, rng.integers(0, clusters, 80))
  table = np.zeros((12, 12))  # with classes and clusters that do not occur
  np.add.at(table, (one, other), 1)
  expected = metrics.adjusted_mutual_info_score(one, other)
  assert 0.05 < expected < 0.9
  assert score(table) == pytest.approx(expected, rel=1e-6)


def test_ami_of_equal_and_of_collapsed_labellings():
  assert score(np.diag([5, 6, 7, 0])) == pytest.approx(1)
  assert score(np.diag([18, 0, 0, 0])) == 0
  assert score(np.array([[9, 9], [0, 0]])) == 0


def test_better_predictions_score_higher():
  better, worse = (score(one_hot(labels).T @ found(labels)) for labels in (TRUE, RANDOM))
  assert better > worse + 0.3
