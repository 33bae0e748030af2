"""The validators against plain NumPy, and what they prefer."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import evaluate, select

N, K = 60, 4
RNG = np.random.default_rng(0)
counting = jax.jit(evaluate.count)


def counted(logits, labels):
  return counting(jnp.asarray(logits, jnp.float32), jnp.asarray(labels), jnp.ones(N))


SOURCE_LABELS = RNG.integers(0, K, N)
SOURCE_LOGITS = RNG.normal(size=(N, K)) + np.eye(K)[SOURCE_LABELS]
TARGET_LOGITS = RNG.normal(size=(N, K)) + 2.0 * np.eye(K)[0]
SOURCE, TARGET = counted(SOURCE_LOGITS, SOURCE_LABELS), counted(TARGET_LOGITS, np.full(N, -1))
P = np.exp(TARGET_LOGITS) / np.exp(TARGET_LOGITS).sum(axis=1, keepdims=True)


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
  assert select.source_accuracy(SOURCE, TARGET) == pytest.approx(expected)


def test_entropy_is_minus_the_mean_entropy_of_the_target():
  assert select.entropy(SOURCE, TARGET) == pytest.approx(-entropy(P).mean(), rel=1e-5)


def test_information_maximisation_is_entropy_of_the_mean_minus_mean_entropy():
  expected = entropy(P.mean(axis=0)) - entropy(P).mean()
  assert select.information_maximisation(SOURCE, TARGET) == pytest.approx(expected, rel=1e-4)


def test_information_maximisation_prefers_confident_and_balanced_predictions():
  scores = {
    name: select.information_maximisation(SOURCE, counts)
    for name, counts in {"balanced": BALANCED, "collapsed": COLLAPSED, "other": TARGET}.items()
  }
  assert scores["balanced"] == pytest.approx(np.log(K), abs=0.1)
  assert scores["collapsed"] == pytest.approx(0, abs=1e-4)
  assert scores["collapsed"] < scores["other"] < scores["balanced"]
  assert select.information_maximisation(SOURCE, UNDECIDED) == pytest.approx(0, abs=1e-4)


def test_entropy_alone_cannot_tell_balanced_from_collapsed():
  balanced, collapsed = (select.entropy(SOURCE, c) for c in (BALANCED, COLLAPSED))
  assert balanced == pytest.approx(collapsed, rel=1e-5)
  assert balanced > select.entropy(SOURCE, UNDECIDED) == pytest.approx(-np.log(K), rel=1e-5)


def test_classes_never_predicted_do_not_give_nan():
  never = TARGET._replace(probability=np.array([N, 0.0, 0.0, 0.0]), entropy=np.array(0.0))
  assert select.information_maximisation(SOURCE, never) == pytest.approx(0)


def test_validators_go_by_name_and_the_default_is_one_of_them():
  assert set(select.VALIDATORS) == {"source_accuracy", "entropy", "information_maximisation"}
  assert select.DEFAULT in select.VALIDATORS
  for name, validator in select.VALIDATORS.items():
    assert isinstance(validator(SOURCE, TARGET), float), name


def test_no_validator_reads_target_labels():
  peeking = counted(TARGET_LOGITS, RNG.integers(0, K, N))
  for name, validator in select.VALIDATORS.items():
    assert validator(SOURCE, peeking) == pytest.approx(validator(SOURCE, TARGET)), name
