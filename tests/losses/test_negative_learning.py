"""Negative learning: the loss by hand, and complementary labels that are never the label."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.special import softmax

from adapt.losses import negative_learning


def test_another_class_is_any_but_the_label():
  labels = jnp.arange(3000) % 3
  found = np.asarray(negative_learning.another(jax.random.key(0), labels, 3))
  for label in range(3):
    counts = np.bincount(found[np.asarray(labels) == label], minlength=3)
    assert counts[label] == 0 and sorted(counts)[1] > 400
  assert negative_learning.another(jax.random.key(0), jnp.array([0, 1]), 2).tolist() == [1, 0]


def test_ruled_out_equals_the_loss_by_hand():
  logits, labels = np.random.default_rng(0).normal(0, 2, (5, 4)), np.array([0, 3, 1, 1, 2])
  expected = -np.log(1 - softmax(logits, 1)[np.arange(5), labels])
  found = negative_learning.ruled_out(jnp.float32(logits), jnp.asarray(labels))
  np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_what_is_sure_of_the_label_costs_a_constant_without_gradient():
  loss = lambda x: negative_learning.ruled_out(x, jnp.array([0]))[0]
  value, slope = jax.value_and_grad(loss)(jnp.array([[50.0, 0.0, 0.0]]))
  np.testing.assert_allclose(value, -np.log(1e-5), rtol=1e-4)
  assert (slope == 0).all()
