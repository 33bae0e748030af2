"""Heads: a linear one runs the network's own parameters, a deep one equals its layers by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import models
from adapt.models import head

X = jnp.asarray(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32))


def test_logits_of_the_networks_own_head_are_the_networks():
  net = models.build("mlp", 4)
  params, stats = net.init(jax.random.key(0), X)
  (features, logits), _ = net.apply(params, stats, X, train=False, key=None)
  body, own = head.split(params)
  assert set(body) == {"hidden"} and {**body, "head": own}.keys() == params.keys()
  np.testing.assert_allclose(head.logits(own, features), logits, rtol=1e-5, atol=1e-6)


def test_starts_like_the_networks_head():
  features = jnp.zeros((2, 100))
  own = models.build("mlp", 4).init(jax.random.key(0), X)[0]["head"]
  new = head.start(jax.random.key(1), features, 4)
  shapes = jax.tree.map(lambda v: (v.shape, v.dtype), (own, new))
  assert shapes[0] == shapes[1]
  np.testing.assert_array_equal(new["bias"], own["bias"])
  assert 0.09 < jnp.abs(new["kernel"]).max() <= 0.1  # 1 / √100


def test_without_hidden_layers_a_head_is_a_dense_layer():
  linear = head.head(8, 0, 0.5, normed=True)
  params, stats = linear.init(jax.random.key(0), X, 4)
  found, after = linear.apply(params, stats, X, True, jax.random.key(1))
  assert linear.linear and stats == after == {}
  np.testing.assert_array_equal(found, head.logits(params, X))


@pytest.mark.parametrize("normed", [False, True])
def test_a_deep_head_equals_its_layers_by_hand(normed):
  deep = head.head(6, 2, 0.0, normed=normed)
  params, stats = deep.init(jax.random.key(0), X, 4)
  found, after = deep.apply(params, stats, X, True, jax.random.key(1))
  x, p = np.asarray(X, np.float64), jax.tree.map(lambda v: np.asarray(v, np.float64), params)
  for i in range(2):
    x = x @ p[f"Dense_{i}"]["kernel"] + p[f"Dense_{i}"]["bias"]
    if normed:
      mean, variance = x.mean(0), x.var(0)
      kept = after[f"BatchNorm_{i}"]
      np.testing.assert_allclose(kept["mean"], 0.1 * mean, rtol=1e-4, atol=1e-6)
      np.testing.assert_allclose(kept["var"], 0.9 + 0.1 * variance, rtol=1e-4)
      x = (x - mean) / np.sqrt(variance + 1e-5)
    x = np.maximum(x, 0)
  expected = x @ p["Dense_2"]["kernel"] + p["Dense_2"]["bias"]
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_dropout_is_before_every_layer_in_training_alone_and_keeps_the_mean():
  deep = head.head(6, 1, 0.5, normed=False)
  many = jnp.ones((4000, 3))
  params, stats = deep.init(jax.random.key(0), many, 2)
  still, _ = deep.apply(params, stats, many, False, None)
  assert (still == still[0]).all()
  # As identities over ones, so that what comes out counts the masks.
  eye = {"kernel": jnp.eye(3, 6), "bias": jnp.zeros(6)}
  params = {"Dense_0": eye, "Dense_1": {"kernel": jnp.eye(6, 2), "bias": jnp.zeros(2)}}
  found, _ = deep.apply(params, stats, many, True, jax.random.key(1))
  values, counts = np.unique(np.asarray(found), return_counts=True)
  np.testing.assert_array_equal(values, [0, 4])
  assert abs(counts[1] / counts.sum() - 0.25) < 0.02


@pytest.mark.parametrize(
  ("width", "depth", "dropout"), [(0, 1, 0.5), (8, -1, 0.5), (8, 1, 1.0), (8, 1, -0.1)]
)
def test_no_head_like_that(width, depth, dropout):
  with pytest.raises(ValueError, match="choose"):
    head.head(width, depth, dropout, normed=True)
