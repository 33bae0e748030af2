"""Clusters, silhouette and mutual information against scikit-learn."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn import metrics
from sklearn.cluster import KMeans

from adapt.validators.clusters import class_ami, class_silhouette, clustered

M, K = 60, 4
RNG = np.random.default_rng(0)
TRUE = np.arange(M) % K
FT = (3 * RNG.normal(size=(K, 5))[TRUE] + RNG.normal(size=(M, 5))).astype(np.float32)
PREDICTED = np.where(RNG.random(M) < 0.3, RNG.integers(0, K, M), TRUE)
clustering, silhouette = jax.jit(clustered), jax.jit(class_silhouette)


def one_hot(labels, classes=K):
  return np.eye(classes, dtype=np.float32)[labels]


def found(labels, classes=K):
  return np.asarray(clustering(FT, one_hot(labels, classes)))


def test_k_means_from_the_centres_of_predicted_classes():
  centres = np.stack([FT[c == PREDICTED].mean(axis=0) for c in range(K)])
  expected = KMeans(K, init=centres, n_init=1, max_iter=10, tol=0).fit(FT).labels_
  which = found(PREDICTED)
  np.testing.assert_array_equal(which.argmax(axis=1), expected)
  assert (which.argmax(axis=1) != PREDICTED).any()


def test_a_class_never_predicted_stays_empty():
  labels = np.where(PREDICTED == 2, 1, PREDICTED)
  which = found(labels)
  assert which[:, 2].sum() == 0
  np.testing.assert_array_equal(which.sum(axis=1), 1)


def test_silhouette_is_scikit_learn_s():
  for labels in PREDICTED, np.where(np.arange(M) == 7, 0, 1 + PREDICTED % 3):  # one alone
    expected = metrics.silhouette_score(FT, labels)
    assert float(silhouette(FT, one_hot(labels))) == pytest.approx(expected, abs=1e-4)


def test_silhouette_of_a_collapsed_model_is_the_worst():
  assert float(silhouette(FT, found(np.zeros(M, int)))) == -1


@pytest.mark.parametrize(("classes", "clusters"), [(2, 2), (4, 3), (7, 9)])
def test_ami_is_scikit_learn_s(classes, clusters):
  rng = np.random.default_rng(classes)
  one = rng.integers(0, classes, 80)
  other = np.where(rng.random(80) < 0.5, one % clusters, rng.integers(0, clusters, 80))
  table = np.zeros((12, 12))  # with classes and clusters that do not occur
  np.add.at(table, (one, other), 1)
  expected = metrics.adjusted_mutual_info_score(one, other)
  assert 0.05 < expected < 0.9
  assert class_ami(table) == pytest.approx(expected, rel=1e-6)


def test_ami_of_equal_and_of_collapsed_labellings():
  assert class_ami(np.diag([5, 6, 7, 0])) == pytest.approx(1)
  assert class_ami(np.diag([18, 0, 0, 0])) == 0
  assert class_ami(np.array([[9, 9], [0, 0]])) == 0


def test_better_features_and_predictions_score_higher():
  def scores(labels):
    which = found(labels)
    return class_ami(one_hot(labels).T @ which), float(silhouette(FT, which))

  better, worse = scores(TRUE), scores(jnp.asarray(RNG.integers(0, K, M)))
  assert better[0] > worse[0] + 0.3 and better[1] >= worse[1]
