"""The validators that read counts against plain NumPy, and what they prefer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.evaluation import metrics
from adapt.validators import counted as by

N, K = 60, 4
RNG = np.random.default_rng(0)
counting = jax.jit(metrics.count)


def counted(logits, labels):
  return counting(jnp.asarray(logits, jnp.float32), jnp.asarray(labels), jnp.ones(N))


SOURCE_LABELS = RNG.integers(0, K, N)
SOURCE_LOGITS = RNG.normal(size=(N, K)) + np.eye(K)[SOURCE_LABELS]
TARGET_LOGITS = RNG.normal(size=(N, K)) + 2.0 * np.eye(K)[0]
SOURCE, TARGET = counted(SOURCE_LOGITS, SOURCE_LABELS), counted(TARGET_LOGITS, np.full(N, -1))


def softmax(logits):
  return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)


P = softmax(TARGET_LOGITS)


def entropy(p):
  return -(p * np.log(p)).sum(axis=-1)


def confident_in(classes):
  """Target predictions that are nearly certain of the given classes."""
  return counted(6.0 * np.eye(K)[classes], np.full(N, -1))


BALANCED = confident_in(np.arange(N) % K)
COLLAPSED = confident_in(np.zeros(N, int))
UNDECIDED = counted(np.zeros((N, K)), np.full(N, -1))


def test_source_accuracy_by_hand():
  expected = (SOURCE_LOGITS.argmax(axis=1) == SOURCE_LABELS).mean()
  assert 0 < expected < 1
  assert by.source_accuracy(SOURCE, TARGET) == pytest.approx(expected)


def test_entropy_is_minus_the_mean_entropy_of_the_target():
  assert by.entropy(SOURCE, TARGET) == pytest.approx(-entropy(P).mean(), rel=1e-5)


def test_information_maximisation_is_entropy_of_the_mean_minus_mean_entropy():
  expected = entropy(P.mean(axis=0)) - entropy(P).mean()
  assert by.information_maximisation(SOURCE, TARGET) == pytest.approx(expected, rel=1e-4)


def test_information_maximisation_prefers_confident_and_balanced_predictions():
  scores = {
    name: by.information_maximisation(SOURCE, counts)
    for name, counts in {"balanced": BALANCED, "collapsed": COLLAPSED, "other": TARGET}.items()
  }
  assert scores["balanced"] == pytest.approx(np.log(K), abs=0.1)
  assert scores["collapsed"] == pytest.approx(0, abs=1e-4)
  assert scores["collapsed"] < scores["other"] < scores["balanced"]
  assert by.information_maximisation(SOURCE, UNDECIDED) == pytest.approx(0, abs=1e-4)


def test_entropy_alone_cannot_tell_balanced_from_collapsed():
  balanced, collapsed = (by.entropy(SOURCE, c) for c in (BALANCED, COLLAPSED))
  assert balanced == pytest.approx(collapsed, rel=1e-5)
  assert balanced > by.entropy(SOURCE, UNDECIDED) == pytest.approx(-np.log(K), rel=1e-5)


def test_classes_never_predicted_do_not_give_nan():
  never = TARGET._replace(probability=np.array([N, 0.0, 0.0, 0.0]), entropy=np.array(0.0))
  assert by.information_maximisation(SOURCE, never) == pytest.approx(0)


def test_bnm_is_the_nuclear_norm_over_the_examples():
  expected = np.linalg.svd(P, compute_uv=False).sum() / N
  assert by.bnm(SOURCE, TARGET) == pytest.approx(expected, rel=1e-4)
  pooled = jax.tree.map(lambda a, b: a + b, TARGET, BALANCED)
  both = np.concatenate([P, softmax(6.0 * np.eye(K)[np.arange(N) % K])])
  expected = np.linalg.svd(both, compute_uv=False).sum() / (2 * N)
  assert by.bnm(SOURCE, pooled) == pytest.approx(expected, rel=1e-4)


def test_bnm_tells_balanced_from_collapsed_from_undecided():
  balanced, collapsed, undecided = (by.bnm(SOURCE, c) for c in (BALANCED, COLLAPSED, UNDECIDED))
  assert balanced > 1.9 * collapsed and collapsed > 1.9 * undecided
  assert balanced <= np.sqrt(K / N)


def test_bnm_of_a_diverged_run_is_no_number():
  assert np.isnan(by.bnm(SOURCE, TARGET._replace(gram=np.full((K, K), np.nan))))


def test_no_validator_reads_target_labels():
  peeking = counted(TARGET_LOGITS, RNG.integers(0, K, N))
  for score in by.source_accuracy, by.entropy, by.information_maximisation, by.bnm:
    assert score(SOURCE, peeking) == score(SOURCE, TARGET), score.__name__
