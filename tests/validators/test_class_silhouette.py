"""The silhouette against scikit-learn's."""

import jax
import numpy as np
import pytest
from clusters_by_hand import FT, PREDICTED, RANDOM, TRUE, M, found, one_hot
from sklearn import metrics

from adapt.validators.class_silhouette import score

silhouette = jax.jit(score)


@pytest.mark.compares("scikit-learn's `silhouette_score`")
def test_silhouette_is_scikit_learn_s():
  for labels in PREDICTED, np.where(np.arange(M) == 7, 0, 1 + PREDICTED % 3):  # one alone
    expected = metrics.silhouette_score(FT, labels)
    assert float(silhouette(FT, one_hot(labels))) == pytest.approx(expected, abs=1e-4)


def test_silhouette_of_a_collapsed_model_is_the_worst():
  assert float(silhouette(FT, found(np.zeros(M, int)))) == -1


def test_better_predictions_do_not_score_lower():
  better, worse = (float(silhouette(FT, found(labels))) for labels in (TRUE, RANDOM))
  assert better >= worse
