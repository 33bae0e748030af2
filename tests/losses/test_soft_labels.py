import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import entropy

from adapt.losses import soft_labels

A, B = np.random.default_rng(0).normal(0, 2, (2, 5, 4))


def test_cross_entropies_by_scipy():
  p, q = softmax(A, 1), softmax(B, 1)
  one = entropy(q, p, axis=1) + entropy(q, axis=1)
  other = entropy(p, q, axis=1) + entropy(p, axis=1)
  np.testing.assert_allclose(soft_labels.soft_cross_entropy(A, B), one, rtol=1e-5)
  np.testing.assert_allclose(
    soft_labels.symmetric_cross_entropy(A, B), (one + other) / 2, rtol=1e-5
  )


def test_log_odds_have_a_gradient_where_the_entropy_has_none():
  p = softmax(A, 1)
  expected = -(p * np.log(p / (1 - p) + 1e-5)).sum(1)
  np.testing.assert_allclose(soft_labels.soft_likelihood_ratio(A), expected, rtol=1e-4)

  def slope(x):
    logits = jnp.array([[x, 0.0, 0.0, 0.0]])
    return jax.grad(lambda v: soft_labels.soft_likelihood_ratio(v).sum())(logits)[0, 0]

  assert slope(5.5) < -0.5  # a probability of 0.988
  assert slope(9.0) == pytest.approx(0.0, abs=0.02)  # beyond 0.99
