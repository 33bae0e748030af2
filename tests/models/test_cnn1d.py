"""cnn1d against its definition written out in NumPy; series of any length and layout."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import models
from adapt.models.cnn1d import pool

KEY = jax.random.key(0, impl="rbg")
X = np.random.default_rng(0).normal(size=(4, 11, 3)).astype(np.float32)


@functools.cache
def built():
  net = models.build("cnn1d", 5)
  params, stats = jax.jit(net.init)(KEY, X)
  # Not zeros and ones, under which a shift or a scale too few would hide.
  noise = lambda x: x + 0.1 + 0.2 * np.random.default_rng(x.size).random(x.shape, np.float32)
  return (
    jax.tree.map(noise, params),
    jax.tree.map(noise, stats),
    jax.jit(net.apply, static_argnums=3),
  )


def by_hand(params, stats, x):
  """One series [t, c] in evaluation."""
  for i, size in enumerate([5, 8, 8], start=1):
    kernel = np.asarray(params[f"conv{i}"]["kernel"])
    x = np.pad(x, ((size // 2, size // 2), (0, 0)))
    windows = [x[t : t + size] for t in range(len(x) - size + 1)]
    x = np.stack([np.einsum("sc,sco->o", w, kernel) for w in windows])
    norm, seen = params[f"norm{i}"], stats[f"norm{i}"]
    x = (x - seen["mean"]) / np.sqrt(seen["var"] + 1e-5) * norm["scale"] + norm["bias"]
    x = np.maximum(x, 0)
    x = np.stack([x[max(t, 0) : t + 2].max(axis=0) for t in range(-1, len(x), 2)])
  return x.mean(axis=0)


def test_features_are_those_of_the_definition():
  params, stats, apply = built()
  (features, logits), _ = apply(params, stats, X, False, None)
  expected = np.stack([by_hand(params, stats, x) for x in X])
  assert expected.shape == (4, 128)
  np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4)
  head = params["head"]
  np.testing.assert_allclose(logits, expected @ head["kernel"] + head["bias"], rtol=1e-4, atol=1e-3)


def test_a_last_axis_of_one_is_the_same_series():
  params, stats, apply = built()
  (a, _), _ = apply(params, stats, X, False, None)
  (b, _), _ = apply(params, stats, X[..., None], False, None)
  np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("length", [1, 2, 7])
def test_any_length_will_do(length):
  params, stats, apply = built()
  shapes = jax.eval_shape(lambda x: apply(params, stats, x, True, KEY), X[:, :length])
  assert shapes[0][0].shape == (4, 128)


def test_vectors_are_refused():
  with pytest.raises(ValueError, match=r"inputs \(3,\) are no series: give \[n, t, c\]"):
    models.build("cnn1d", 5).init(KEY, X[:, 0])


@pytest.mark.parametrize("length", [5, 6])
def test_pooling_pairs_steps_from_the_second_on(length):
  x = jnp.abs(jnp.asarray(X[:, :length]))
  steps = range(-1, length, 2)
  expected = np.stack([np.asarray(x)[:, max(t, 0) : t + 2].max(axis=1) for t in steps], axis=1)
  np.testing.assert_array_equal(pool(x), expected)


def test_an_axis_averages_the_statistics_over_devices():
  params, stats, _ = built()
  net = models.build("cnn1d", 5, axis="devices")
  shards = jnp.stack([X[:2], 3 * X[2:]])
  run = lambda x: net.apply(params, stats, x, True, KEY)[1]
  new = jax.jit(jax.vmap(run, axis_name="devices"))(shards)
  jax.tree.map(lambda s: np.testing.assert_allclose(s[0], s[1], rtol=1e-4), new)
