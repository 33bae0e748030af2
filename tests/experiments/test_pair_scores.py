"""Scores of a pair: all of them, in the order of the model's rows, and none that reads target labels."""

import numpy as np
import pytest

from adapt.data.toy import blobs
from adapt.evaluation import expected_accuracy as e
from adapt.experiments import advice, pair_scores
from adapt.weights._content import by_content

X, Y = blobs(320, 0, 1)
XT, _ = blobs(300, 0, 2)
MODEL = advice.fitted_model(X, Y, XT, 5)
A, B = by_content(X), by_content(XT)


def test_every_score_is_there_and_finite():
  found = pair_scores.scores(X[A], Y[A], XT[B], MODEL)
  assert set(found) == set(pair_scores.NAMES) and np.isfinite(list(found.values())).all()
  assert {*pair_scores.STACKED, "cot"} <= set(found)
  assert set(pair_scores.LOWER) <= set(pair_scores.NAMES)
  far = pair_scores.shift_scores(X[A], XT[B] + np.float32(3))
  assert all(far[n] > found[n] for n in pair_scores.SHIFT if n != "coral")


def test_rows_go_with_the_model_s():
  """Examples are in the order of the model's outputs: it is right about nearly all labels there."""
  assert (MODEL.labels == Y[A]).all()
  assert pair_scores.accuracy_scores(pair_scores.predicted(MODEL))["source_accuracy"] > 0.9
  only = (np.arange(320) < 20).astype(float)
  found = pair_scores.accuracy_scores(pair_scores.predicted(MODEL), only)
  p = pair_scores.predicted(MODEL)
  assert found["weighted"] == pytest.approx((p.source[:20].argmax(axis=1) == Y[A][:20]).mean())
  assert found["atc"] == e.thresholded(p.source, p.labels, p.target.reshape(-1, 8))


def test_importance_is_greater_where_the_target_is():
  rng = np.random.default_rng(0)
  x, xt = rng.normal(size=(400, 2)), rng.normal([1, 0], 1, (300, 2))
  weights = pair_scores.importance(x, xt)
  assert np.corrcoef(np.log(weights), x[:, 0])[0, 1] > 0.95
  assert weights.mean() == pytest.approx(1, abs=0.25)


def test_the_h_score_of_a_model_that_predicts_one_class_is_least():
  found = pair_scores.predicted(MODEL)
  alike = found._replace(target=np.broadcast_to(np.eye(8)[2], found.target.shape))
  assert pair_scores.h_score(XT[B], alike) == 0.0 < pair_scores.h_score(XT[B], found)
