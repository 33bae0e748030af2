"""Counts of source and target predictions, for the validators that read them."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.evaluation import metrics

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


def assert_blind(score):
  """That a score reads no target label."""
  peeking = counted(TARGET_LOGITS, RNG.integers(0, K, N))
  assert score(SOURCE, peeking) == score(SOURCE, TARGET)
