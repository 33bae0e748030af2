"""gru against the recurrence written out in NumPy."""

import functools

import jax
import numpy as np
import pytest
from scipy.special import expit

from adapt import models

KEY = jax.random.key(0, impl="rbg")
X = np.random.default_rng(0).normal(size=(4, 6, 3)).astype(np.float32)


@functools.cache
def built():
  net = models.build("gru", 5)
  params, stats = jax.jit(net.init)(KEY, X)
  noise = lambda x: x + 0.2 * np.random.default_rng(x.size).normal(size=x.shape).astype(x.dtype)
  return jax.tree.map(noise, params), stats, jax.jit(net.apply, static_argnums=3)


def by_hand(cell, x):
  """The state after the last step of series [b, t, c], starting from zeros."""
  times = lambda name, v: v @ np.asarray(cell[name]["kernel"]) + cell[name].get("bias", 0)
  h = np.zeros((len(x), 128), np.float32)
  for step in x.swapaxes(0, 1):
    reset = expit(times("ir", step) + times("hr", h))
    update = expit(times("iz", step) + times("hz", h))
    proposal = np.tanh(times("in", step) + reset * times("hn", h))
    h = update * h + (1 - update) * proposal
  return h


def test_features_are_the_last_state():
  params, stats, apply = built()
  (features, logits), _ = apply(params, stats, X, False, None)
  expected = by_hand(params["gru"], X)
  np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-5)
  head = params["head"]
  np.testing.assert_allclose(logits, expected @ head["kernel"] + head["bias"], rtol=1e-4, atol=1e-4)


def test_a_last_axis_of_one_is_the_same_series():
  params, stats, apply = built()
  (a, _), _ = apply(params, stats, X, False, None)
  (b, _), _ = apply(params, stats, X[..., None], False, None)
  np.testing.assert_array_equal(a, b)


def test_vectors_are_refused():
  with pytest.raises(ValueError, match=r"inputs \(3,\) are no series: give \[n, t, c\]"):
    models.build("gru", 5).init(KEY, X[:, 0])
