"""ops against hand-written formulas, NumPy and finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from adapt.losses import ops

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=2.0, size=(6, 4)).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 0, 2])
X = RNG.normal(size=6).astype(np.float32)
W = RNG.uniform(0.5, 2.0, size=6).astype(np.float32)


def softmax(logits):
  e = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
  return e / e.sum(axis=1, keepdims=True)


def reversed_slope(x, strength):
  """The gradient of 3x through the reversal."""
  return jax.grad(lambda v: jnp.sum(3.0 * ops.reverse_gradient(v, strength)))(x)


def test_reversal_leaves_values_alone():
  np.testing.assert_array_equal(ops.reverse_gradient(jnp.asarray(X), 0.7), X)


@pytest.mark.parametrize("strength", [0.0, 0.25, 2.0])
def test_reversed_gradient_by_hand(strength):
  np.testing.assert_allclose(reversed_slope(jnp.asarray(X), strength), -3.0 * strength)


def test_reversed_gradient_multiplies_what_arrives():
  # d/dx of sin(r(x))^2 is the usual 2 sin cos, times -strength.
  slope = jax.grad(lambda v: jnp.sum(jnp.sin(ops.reverse_gradient(v, 0.5)) ** 2))(jnp.asarray(X))
  np.testing.assert_allclose(slope, -0.5 * np.sin(2 * X), rtol=1e-5)


def test_reversal_under_jit_and_vmap_with_traced_strength():
  strengths = jnp.array([0.0, 0.5, 4.0])
  slopes = jax.jit(jax.vmap(reversed_slope, in_axes=(None, 0)))(jnp.asarray(X), strengths)
  np.testing.assert_allclose(slopes, np.tile(-3.0 * np.asarray(strengths)[:, None], (1, 6)))


def test_strength_gets_no_gradient():
  slope = jax.grad(lambda s: jnp.sum(ops.reverse_gradient(jnp.asarray(X), s) ** 2))(0.5)
  assert slope == 0


def test_ramp_is_the_papers_formula():
  p = np.linspace(0, 1, 11)
  np.testing.assert_allclose(ops.ganin_ramp(jnp.asarray(p)), 2 / (1 + np.exp(-10 * p)) - 1, 1e-5)
  np.testing.assert_allclose(ops.ganin_ramp(0.3, gamma=2.0), 2 / (1 + np.exp(-0.6)) - 1, 1e-5)


def test_ramp_goes_from_zero_to_one():
  assert ops.ganin_ramp(0.0) == 0
  assert 0.9999 < ops.ganin_ramp(1.0) <= 1


@pytest.mark.parametrize("weight", [0.0, 0.5, 100.0])
def test_what_is_held_back_counts_at_most_once_at_first(weight):
  factors = ops.held_back(jnp.asarray([0.0, 0.19, 0.2, 1.0]), 0.2, weight)
  np.testing.assert_allclose(factors, [min(weight, 1)] * 2 + [weight] * 2)


def test_cross_entropy_is_minus_the_log_probability_of_the_label():
  expected = -np.log(softmax(LOGITS)[np.arange(6), LABELS])
  np.testing.assert_allclose(
    ops.cross_entropy(jnp.asarray(LOGITS), jnp.asarray(LABELS)), expected, rtol=1e-5
  )


def test_binary_cross_entropy_by_hand():
  t = np.array([0, 1, 0, 1, 0.3, 0.9], np.float32)
  p = 1 / (1 + np.exp(-X.astype(np.float64)))
  expected = -t * np.log(p) - (1 - t) * np.log(1 - p)
  values = ops.binary_cross_entropy(jnp.asarray(X), jnp.asarray(t))
  np.testing.assert_allclose(values, expected, rtol=1e-5)


def test_losses_are_finite_for_huge_logits():
  huge = jnp.array([[1e4, -1e4], [-1e4, 1e4]])
  np.testing.assert_allclose(ops.cross_entropy(huge, jnp.array([0, 0])), [0, 2e4])
  binary = ops.binary_cross_entropy(jnp.array([1e4, -1e4]), jnp.array([0.0, 0.0]))
  np.testing.assert_allclose(binary, [1e4, 0])
  np.testing.assert_allclose(ops.entropy(huge), 0)


def test_weighted_mean_is_numpys_average():
  mean = ops.weighted_mean(jnp.asarray(X), jnp.asarray(W))
  np.testing.assert_allclose(mean, np.average(X, weights=W), rtol=1e-5)


def test_scale_of_weights_does_not_matter():
  np.testing.assert_allclose(
    ops.weighted_mean(jnp.asarray(X), jnp.asarray(100 * W)),
    ops.weighted_mean(jnp.asarray(X), jnp.asarray(W)),
    rtol=1e-5,
  )


def test_examples_of_weight_zero_are_ignored():
  w = jnp.array([1.0, 1, 1, 1, 0, 0])
  np.testing.assert_allclose(ops.weighted_mean(jnp.asarray(X), w), X[:4].mean(), rtol=1e-5)


def test_no_weight_at_all_gives_zero_not_nan():
  assert ops.weighted_mean(jnp.asarray(X), jnp.zeros(6)) == 0


def test_domain_means_are_averages_of_each_domains_rows():
  which = np.array([0, 2, 2, 0, 2, 0])
  shares = jnp.asarray(np.eye(4, dtype=np.float32)[which] * W[:, None])
  means, parts = ops.domain_means(jnp.asarray(LOGITS), shares)
  for domain in (0, 2):
    rows = which == domain
    expected = np.average(LOGITS[rows], axis=0, weights=W[rows])
    np.testing.assert_allclose(means[domain], expected, rtol=1e-5)
    np.testing.assert_allclose(parts[domain], W[rows].sum() / W.sum(), rtol=1e-5)
  flat, _ = ops.domain_means(jnp.asarray(LOGITS[:, 1]), shares)
  np.testing.assert_allclose(flat, means[:, 1], rtol=1e-6)
  pooled = ops.weighted_mean(jnp.asarray(X), jnp.asarray(W))
  np.testing.assert_allclose(parts @ ops.domain_means(jnp.asarray(X), shares)[0], pooled, rtol=1e-5)


def test_a_domain_that_is_not_there_has_no_part_and_no_nan():
  shares = jnp.asarray([[1.0, 0, 0], [1, 0, 0], [0, 0, 0]])
  means, parts = ops.domain_means(jnp.asarray([1.0, 3, 9]), shares)
  np.testing.assert_allclose(means, [2, 0, 0])
  np.testing.assert_allclose(parts, [1, 0, 0])
  slope = jax.grad(lambda v: ops.domain_means(v, shares)[0].sum())(jnp.asarray([1.0, 3, 9]))
  np.testing.assert_allclose(slope, [0.5, 0.5, 0])


def test_entropy_is_numpys():
  p = softmax(LOGITS)
  np.testing.assert_allclose(ops.entropy(jnp.asarray(LOGITS)), -(p * np.log(p)).sum(1), rtol=1e-5)


def test_entropy_reaches_both_ends_and_stays_between():
  ends = jnp.stack([jnp.full(4, 7.0), jnp.array([100.0, 0, 0, 0])])
  np.testing.assert_allclose(ops.entropy(ends), [np.log(4), 0], atol=1e-6)
  many = ops.entropy(jnp.asarray(RNG.normal(scale=3, size=(200, 4)).astype(np.float32)))
  assert many.min() > 0
  assert many.max() < np.log(4)


def test_marginal_entropy_is_that_of_the_mean_prediction():
  p = softmax(LOGITS).mean(axis=0)
  np.testing.assert_allclose(
    ops.marginal_entropy(jnp.asarray(LOGITS)), -(p * np.log(p)).sum(), rtol=1e-5
  )
  apart = jnp.asarray(1e4 * np.eye(4, dtype=np.float32))  # each sure of another class
  np.testing.assert_allclose(ops.marginal_entropy(apart), np.log(4), rtol=1e-5)
  np.testing.assert_allclose(ops.marginal_entropy(apart[:1]), 0, atol=1e-6)


def test_length_is_numpys_and_flat_at_zero():
  np.testing.assert_allclose(ops.length(LOGITS), np.linalg.norm(LOGITS, axis=1), rtol=1e-6)
  rows = jnp.asarray([[0.0, 0.0], [3.0, 4.0]])
  slope = jax.grad(lambda x: ops.length(x).sum())(rows)
  np.testing.assert_allclose(slope, [[0, 0], [0.6, 0.8]], rtol=1e-6)


def test_ema_by_hand_in_every_leaf():
  average = {"a": jnp.array([1.0, 2.0]), "b": (jnp.array(10.0),)}
  new = {"a": jnp.array([3.0, 0.0]), "b": (jnp.array(0.0),)}
  moved = ops.ema(average, new, 0.75)
  np.testing.assert_allclose(moved["a"], [1.5, 1.5])
  np.testing.assert_allclose(moved["b"][0], 7.5)


def test_gradients_agree_with_finite_differences():
  labels, targets = jnp.asarray(LABELS), jnp.asarray(RNG.uniform(size=6).astype(np.float32))

  def everything(logits, x, w):
    return (
      ops.weighted_mean(ops.cross_entropy(logits, labels), w)
      + ops.weighted_mean(ops.entropy(logits), w)
      + ops.weighted_mean(ops.binary_cross_entropy(x, targets), w)
      + ops.ganin_ramp(x[0], gamma=1.0)
    )

  arguments = jnp.asarray(LOGITS), jnp.asarray(X), jnp.asarray(W)
  check_grads(jax.jit(everything), arguments, order=1, modes=["rev"], atol=1e-2, rtol=1e-2)


def test_shares_outside_their_range_are_named():
  ops.check_shares(decay=0.0, threshold=1.0)
  with pytest.raises(ValueError, match="decay is 2: a share lies between 0 and 1"):
    ops.check_shares(threshold=0.5, decay=2)


def test_tokens_are_no_numbers():
  for fine in (jnp.ones((2, 3)), jnp.ones((2, 4, 4, 1), jnp.uint8)):
    ops.check_numbers(fine, "mixup mixes")
  with pytest.raises(ValueError, match="mixup mixes numbers, and these inputs are tokens: choose"):
    ops.check_numbers(jnp.ones((2, 3), jnp.int32), "mixup mixes")
