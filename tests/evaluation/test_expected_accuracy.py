"""Expected accuracy by hand, and what it is where its assumption holds."""

import numpy as np
import pytest

from adapt.evaluation import expected_accuracy as e

# Greatest probabilities 0.9, 0.8, 0.7, 0.6; the last is wrong.
SOURCE = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
LABELS = np.array([0, 1, 0, 0])
TARGET = np.array([[0.95, 0.05], [0.35, 0.65], [0.71, 0.29], [0.5, 0.5], [0.3, 0.7]])


def test_average_confidence_by_hand():
  assert e.average_confidence(TARGET) == pytest.approx((0.95 + 0.65 + 0.71 + 0.5 + 0.7) / 5)


def test_difference_of_confidences_by_hand():
  assert e.difference_of_confidences(SOURCE, LABELS, TARGET) == pytest.approx(0.75 - (0.75 - 0.702))
  sure = np.array([[1.0, 0.0]])
  right = np.array([0, 1, 0, 1])
  assert e.difference_of_confidences(SOURCE, right, sure) == 1.0  # not 1.25


@pytest.mark.parametrize("entropy", [True, False])
def test_threshold_lies_above_as_many_as_are_wrong(entropy):
  # One of four is wrong: the threshold is 0.7, which three of the target reach.
  assert e.thresholded(SOURCE, LABELS, TARGET, entropy=entropy) == pytest.approx(3 / 5)
  assert e.thresholded(SOURCE, LABELS, SOURCE, entropy=entropy) == 0.75


def test_entropy_and_confidence_rank_three_classes_differently():
  source = np.array([[0.5, 0.5, 0.0], [0.5, 0.25, 0.25]])
  target = np.array([[0.55, 0.225, 0.225]])  # more confident than both, less certain than the first
  labels = np.array([0, 1])
  assert e.thresholded(source, labels, target, entropy=True) == 0.0
  assert e.thresholded(source, labels, target, entropy=False) == 1.0


def test_ends_of_the_threshold():
  assert e.thresholded(SOURCE, 1 - SOURCE.argmax(axis=1), TARGET) == 0.0
  assert e.thresholded(SOURCE, SOURCE.argmax(axis=1), SOURCE) == 1.0


def test_temperature_recovers_what_logits_were_multiplied_by():
  rng = np.random.default_rng(0)
  logits = rng.normal(size=(20000, 3)) * 2
  p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
  labels = (rng.random((20000, 1)) > p.cumsum(axis=1)).sum(axis=1).clip(0, 2)
  assert e.temperature(e.tempered(p, 1 / 3), labels) == pytest.approx(3, abs=0.1)
  np.testing.assert_allclose(e.tempered(e.tempered(p, 0.5), 2.0), p, atol=1e-10)
  cold = e.expected_accuracy(e.tempered(p, 1 / 3), labels, e.tempered(p[::2], 1 / 3))
  for estimate in (cold.average_confidence, cold.doc, cold.atc):  # overconfident by 3, all the same
    assert estimate == pytest.approx(cold.source_accuracy, abs=0.02)


@pytest.mark.parametrize(
  ("source", "labels", "target", "said"),
  [
    (SOURCE, LABELS[:2], TARGET, "labels"),
    (SOURCE, LABELS + 1, TARGET, "labels"),
    (SOURCE * 2, LABELS, TARGET, "sum to 1"),
    (SOURCE, LABELS, TARGET[:0], "probabilities of shape"),
    (SOURCE, LABELS, np.ones((3, 1)), "one model"),
  ],
)
def test_bad_input_is_one_line(source, labels, target, said):
  with pytest.raises(ValueError, match=said):
    e.expected_accuracy(source, labels, target)


def test_confidence_transport_is_pot_s():
  ot = pytest.importorskip("ot")
  p, shares = np.random.default_rng(1).dirichlet(np.ones(3), 30), np.array([0.5, 0.3, 0.2])
  cost = np.abs(np.eye(3)[:, None] - p[None]).sum(axis=2)
  expected = 1 - ot.emd2(shares, np.full(30, 1 / 30), cost) / 2
  assert e.confidence_transport(p, shares) == pytest.approx(expected, abs=1e-5)


def test_confidence_transport_is_the_confidence_where_shares_agree():
  sure = np.eye(2)[[0, 0, 1, 1]] * 0.8 + 0.1
  assert e.confidence_transport(sure, np.array([1, 1])) == pytest.approx(0.9)
  assert e.confidence_transport(sure, np.array([1, 0])) == pytest.approx(0.5)  # two are no 0
  many = np.repeat(sure, 1000, axis=0)
  assert e.confidence_transport(many, np.array([1, 1]), most=50) == pytest.approx(0.9, abs=0.03)
  with pytest.raises(ValueError, match="shares"):
    e.confidence_transport(sure, np.ones(3))


@pytest.mark.parametrize(("scale", "soft"), [(1.0, False), (30.0, True)])
def test_the_matrix_norm_by_loops(scale, soft):
  q = np.random.default_rng(2).normal(size=(20, 3)) * scale
  p = np.exp(q) / np.exp(q).sum(axis=1, keepdims=True)
  assert (-np.log(p).mean() > 5) == soft
  total = 0.0
  for row in q:
    shown = [np.exp(v) if soft else 1 + v + v * v / 2 for v in row]
    total += sum((v / sum(shown)) ** 4 for v in shown)
  assert e.matrix_norm(q) == pytest.approx((total / 60) ** 0.25, abs=1e-10)
  with pytest.raises(ValueError, match="finite"):
    e.matrix_norm(q * np.inf)


def test_agreement_and_weighted_accuracy_by_hand():
  assert e.agreement(np.array([[0, 1, 1], [0, 1, 0], [0, 0, 0]])) == pytest.approx((2 + 1 + 2) / 9)
  assert e.weighted_accuracy(SOURCE, LABELS, np.array([1, 0, 0, 3])) == 0.25
  for wrong in (
    lambda: e.agreement(np.zeros((1, 3))),
    lambda: e.weighted_accuracy(SOURCE, LABELS, np.zeros(4)),
  ):
    with pytest.raises(ValueError, match="give"):
      wrong()
