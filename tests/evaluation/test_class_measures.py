"""Measures of classes against scikit-learn, on random cases with ties, weights and absent classes."""

import jax
import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from adapt.evaluation import class_measures
from adapt.evaluation import metrics as metrics_of

CASES = range(50)


def case(seed):
  """Logits, labels and weights: two to five classes, some absent, scores with ties."""
  rng = np.random.default_rng(seed)
  k, n = int(rng.integers(2, 6)), int(rng.integers(5, 60))
  there = rng.permutation(k)[: rng.integers(1, k + 1)]  # one class alone among them
  labels = rng.choice(there, n).astype(np.int32)
  logits = rng.normal(size=(n, k)) + np.eye(k)[labels]
  if seed % 2:
    logits = logits[rng.integers(0, 6, n) % n]  # ties
  weights = rng.uniform(0.1, 3, n) if seed % 3 else None
  return logits.astype(np.float32), labels, weights


def softmax(logits):
  p = np.exp(logits.astype(np.float64))
  return p / p.sum(axis=1, keepdims=True)


def by_class(score, p, labels, weights, both):
  """Mean over the classes that the labels define a score of; of two classes the second."""
  found = []
  for c in [1] if p.shape[1] == 2 else range(p.shape[1]):
    positive = labels == c
    if positive.any() and not (both and positive.all()):
      found.append(score(positive, p[:, c], sample_weight=weights))
  return pytest.approx(np.mean(found), abs=1e-9) if found else None


@pytest.mark.parametrize("seed", CASES)
def test_measures_of_probabilities_are_scikit_learns(seed):
  logits, labels, weights = case(seed)
  p, found = softmax(logits), class_measures.of_logits(logits, labels, weights)
  assert found["auroc"] == by_class(metrics.roc_auc_score, p, labels, weights, both=True)
  average = metrics.average_precision_score
  assert found["auprc"] == by_class(average, p, labels, weights, both=False)
  brier = metrics.brier_score_loss(labels, p, sample_weight=weights, labels=range(p.shape[1]))
  assert found["brier"] == pytest.approx(brier, abs=1e-9)


def test_macro_one_vs_rest_is_scikit_learns_where_all_classes_occur():
  labels = np.arange(40, dtype=np.int32) % 4
  logits = np.random.default_rng(0).normal(size=(40, 4)) + np.eye(4)[labels]
  expected = metrics.roc_auc_score(labels, softmax(logits), multi_class="ovr", average="macro")
  assert class_measures.of_logits(logits, labels)["auroc"] == pytest.approx(expected)


def test_the_cases_have_absent_classes_ties_and_one_class():
  every = [case(seed) for seed in CASES]
  present = [(len(np.unique(y)), z.shape[1]) for z, y, _ in every]
  assert sum(n == 1 for n, _ in present) > 3 and sum(1 < n < k for n, k in present) > 3
  assert sum(len(np.unique(z[:, 0])) < len(z) for z, _, _ in every) > 10


@pytest.mark.parametrize("seed", CASES)
@pytest.mark.filterwarnings("ignore:.*single label", "ignore:y_pred contains classes")
def test_measures_of_decisions_are_scikit_learns(seed):
  logits, labels, _ = case(seed)
  predicted, k = logits.argmax(axis=1), logits.shape[1]
  confusion = metrics.confusion_matrix(labels, predicted, labels=range(k))
  found, occur = class_measures.of_confusion(confusion), np.unique(labels)
  recall = metrics.recall_score(labels, predicted, labels=occur, average=None, zero_division=0)
  assert found["worst_recall"] == pytest.approx(recall.min())
  balanced = metrics.balanced_accuracy_score(labels, predicted)
  assert found["balanced_accuracy"] == pytest.approx(balanced)
  each = [
    metrics.recall_score(labels != c, predicted != c)
    for c in ([1] if k == 2 else range(k))
    if (labels != c).any()
  ]
  assert found["specificity"] == (pytest.approx(np.mean(each)) if each else None)


counted = jax.jit(metrics_of.count)


@pytest.mark.parametrize("seed", CASES)
def test_counts_of_weighted_examples_give_scikit_learns_measures(seed):
  logits, labels, weights = case(seed)
  n, k = logits.shape
  # Whole weights, as scikit-learn's calibration curve takes none, but examples several times.
  w = np.ones(n, int) if weights is None else np.ceil(weights).astype(int)
  pad = 60 - n  # one shape, one program
  rows = np.pad(logits, ((0, pad), (0, 0))), np.pad(labels, (0, pad)), np.pad(w, (0, pad))
  counts = counted(rows[0], rows[1], rows[2].astype(np.float32))
  found, predicted, occur = metrics_of.measures(counts), logits.argmax(axis=1), np.unique(labels)
  matrix = metrics.confusion_matrix(labels, predicted, labels=range(k), sample_weight=w)
  np.testing.assert_allclose(counts.confusion, matrix)
  p = softmax(logits)
  np.testing.assert_allclose(counts.gram, (w[:, None] * p).T @ p, rtol=1e-4, atol=1e-4)
  accuracy = metrics.accuracy_score(labels, predicted, sample_weight=w)
  assert found["accuracy"] == pytest.approx(accuracy)
  over = {"labels": occur, "average": "macro", "zero_division": 0, "sample_weight": w}
  for name in ("precision", "recall", "f1"):
    score = getattr(metrics, f"{name}_score")(labels, predicted, **over)
    assert found[name] == pytest.approx(score), name
  confidence = np.repeat(softmax(logits).max(axis=1), w)
  right = np.repeat((predicted == labels).astype(int), w)
  edges = np.linspace(0, 1, metrics_of.BINS + 1)
  each = np.bincount(np.searchsorted(edges[1:-1], confidence))
  true, said = calibration_curve(right, confidence, n_bins=metrics_of.BINS, pos_label=1)
  error = np.sum(each[each > 0] * np.abs(true - said)) / len(right)
  assert found["calibration_error"] == pytest.approx(error, abs=1e-5)


@pytest.mark.parametrize("seed", CASES)
def test_the_worst_group_is_scikit_learns_accuracy_of_it(seed):
  logits, labels, weights = case(seed)
  rng = np.random.default_rng(seed)
  groups = rng.choice(np.array(["b", "a", "d", "c"])[: 1 + seed % 4], len(labels))
  labels = np.where(rng.random(len(labels)) < 0.1, -1, labels)  # unknown ones count nowhere
  found = class_measures.of_groups(logits, labels, groups, weights)
  known, predicted, each = labels >= 0, logits.argmax(axis=1), []
  for name in np.unique(groups):
    own = known & (groups == name)
    if not own.any():
      each.append(None)
      continue
    w = None if weights is None else weights[own]
    each.append(metrics.accuracy_score(labels[own], predicted[own], sample_weight=w))
  worst = min(score for score in each if score is not None)
  assert found["worst_group_accuracy"] == pytest.approx(worst)
  assert found["per_group"] == pytest.approx([score or 0.0 for score in each])


def test_no_groups_are_no_measure_and_no_label_no_number():
  logits, unknown = np.eye(2), np.full(2, -1)
  assert class_measures.of_groups(logits, unknown, None) == {}
  found = class_measures.of_groups(logits, unknown, np.array(["a", "b"]))
  assert found == {"worst_group_accuracy": None, "per_group": [0.0, 0.0]}


def test_probabilities_that_round_to_one_still_rank():
  logits = np.array([[0, 60], [0, 50], [0, 40]], np.float32)
  assert class_measures.of_logits(logits, np.array([1, 0, 0], np.int32))["auroc"] == 1.0


def test_what_has_no_label_has_no_measure():
  empty = class_measures.of_logits(np.zeros((3, 2), np.float32), np.full(3, -1, np.int32))
  none = class_measures.of_confusion(np.zeros((2, 2)))
  assert set({**empty, **none}.values()) == {None}
