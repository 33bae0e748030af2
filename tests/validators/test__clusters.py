"""k-means from the centres of predicted classes, against scikit-learn."""

import numpy as np
from clusters_by_hand import FT, PREDICTED, K, found
from sklearn.cluster import KMeans


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
