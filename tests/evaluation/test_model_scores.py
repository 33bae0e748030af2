"""Scores of a trained model: calibrated on the source, and those of the estimates that they are named by."""

import numpy as np
import pytest

from adapt.evaluation import expected_accuracy as e
from adapt.evaluation import model_scores

RNG = np.random.default_rng(0)
LABELS = RNG.integers(4, size=300)
SOURCE = RNG.normal(size=(300, 4)) + 2 * np.eye(4)[LABELS]
TARGET = RNG.normal(size=(200, 4)) + np.eye(4)[RNG.integers(4, size=200)]


def test_scores_are_of_calibrated_probabilities():
  """Logits in another unit are the same model once the temperature is fitted; MaNo alone reads them raw."""
  one, ten = (model_scores.of_logits(k * SOURCE, LABELS, k * TARGET) for k in (1, 10))
  for name in ("source_accuracy", "average_confidence", "doc", "atc", "cot"):
    assert one[name] == pytest.approx(ten[name], abs=2e-3)
  assert one["mano"] == e.matrix_norm(TARGET)

  def softmax(z):
    shown = np.exp(z)
    return shown / shown.sum(axis=1, keepdims=True)

  heat = e.temperature(softmax(SOURCE), LABELS)
  found = e.expected_accuracy(softmax(SOURCE), LABELS, softmax(TARGET))
  assert {n: one[n] for n in found._fields} == pytest.approx(found._asdict(), abs=1e-9)
  shares = np.bincount(LABELS)
  cot = e.confidence_transport(e.tempered(softmax(TARGET), heat), shares)
  assert one["cot"] == pytest.approx(cot)


def test_a_model_that_is_lost_has_no_score():
  spoilt = TARGET.copy()
  spoilt[3, 1] = np.nan
  assert model_scores.of_logits(SOURCE, LABELS, spoilt) == {}


def test_the_class_predicted_most_and_its_shares():
  labels, target = np.array([0, 1, 1, 2]), np.eye(3)[[1, 1, 0, 1, 2]]
  found = model_scores.most_predicted(labels, target)
  assert found == {"most_predicted": 1, "predicted_share": 0.6, "source_share": 0.5}
  assert model_scores.of_logits(SOURCE, LABELS, TARGET).keys() >= found.keys()
