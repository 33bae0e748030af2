"""IRM's penalty equals its double loop over pairs and nested derivatives; one step by hand."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import spurious

from adapt.losses import ops
from adapt.methods import irm

# A small rate: the penalty's curvature grows with the logits.
TOY = {"given": {"weight": 1.0}, "lr": 0.03}
GOLDEN = {"label_loss": 0.6354986, "loss": 0.638725, "penalty": 0.00322642}


def slopes_by_hand(logits, labels):
  """(derivatives of each cross-entropy by a factor on the logits, their gradients by the logits)."""
  p, y = by_hand.softmax(logits), np.eye(logits.shape[1])[np.asarray(labels)]
  return ((p - y) * logits).sum(1), (p - y) + by_hand.through_softmax(p, logits)


def pairs(values, weights):
  """Mean over pairs of two different rows, by loops."""
  total = [
    (weights[i] * weights[j] * values[i] * values[j], weights[i] * weights[j])
    for i in range(len(values))
    for j in range(len(values))
    if i != j
  ]
  return np.sum(total, axis=0)[0] / np.sum(total, axis=0)[1]


@pytest.mark.parametrize(
  ("weight", "share", "factor", "unbiased"),
  [
    (0.0, 0.1, 0.0, True),
    (0.5, 0.1, 0.5, True),
    (30.0, 0.1, 30.0, True),
    (30.0, 0.5, 1.0, True),
    (30.0, 0.1, 30.0, False),
  ],
)
def test_one_step_equals_the_step_by_hand(weight, share, factor, unbiased):
  ts, step = by_hand.start("irm", weight=weight, share=share, unbiased=unbiased)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  slopes, by_logits = slopes_by_hand(out.l, batch.ys)
  for domain in (0, 1):  # of three; the third has no examples
    w = np.asarray(batch.ws * batch.ds[:, domain], np.float64)
    if unbiased:
      rows = np.flatnonzero(w)
      loss += factor / 2 * pairs(slopes[rows], w[rows])
      by_slope = 2 * w * (w @ slopes - w * slopes) / (w.sum() ** 2 - (w**2).sum())
    else:
      loss += factor / 2 * (w @ slopes / w.sum()) ** 2
      by_slope = 2 * (w @ slopes) * w / w.sum() ** 2
    dl = dl + factor / 2 * by_slope[:, None] * by_logits
  scale = max(factor, 1)
  by_hand.assert_step(ts, *step(), {"net": by_hand.backward(out, dl=dl / scale)}, loss / scale)


def test_the_slope_is_the_derivative_by_a_factor_on_the_logits():
  logits = jnp.asarray(np.random.default_rng(0).normal(0, 2, (6, 4)).astype(np.float32))
  labels = jnp.asarray([0, 1, 2, 3, 0, 2])
  expected = jax.jacobian(lambda w: ops.cross_entropy(w * logits, labels))(1.0)
  found = irm.slope(logits, jax.nn.one_hot(labels, 4))
  np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_pairs_are_unbiased_and_the_square_is_not():
  rng = np.random.default_rng(1)
  slopes = rng.normal(0.5, 3, (4000, 8)).astype(np.float32)
  ones = jnp.ones((8, 1))

  def mean(unbiased):
    one = jax.jit(jax.vmap(lambda g: irm.squares(g, ones, unbiased)[0][0]))
    return float(one(jnp.asarray(slopes)).mean())

  np.testing.assert_allclose(mean(True), 0.25, atol=0.06)
  np.testing.assert_allclose(mean(False), 0.25 + 9 / 8, atol=0.08)


def test_a_domain_with_one_example_has_no_pairs():
  shares = jnp.asarray([[1.0, 0, 0], [0, 1, 0], [0, 1, 0]])
  squares, enough = irm.squares(jnp.asarray([5.0, 2, 3]), shares, True)
  np.testing.assert_array_equal(enough, [False, True, False])
  np.testing.assert_allclose(squares[1], 6.0)
  assert jnp.isfinite(squares).all()
  slope = jax.grad(lambda g: irm.squares(g, shares, True)[0][1])(jnp.asarray([5.0, 2, 3]))
  np.testing.assert_allclose(slope, [0, 3, 2])


def test_a_classifier_scaled_to_its_optimum_has_no_penalty():
  # The paper's claim: at the best factor of a domain's logits the derivative is zero.
  rng = np.random.default_rng(2)
  logits = rng.normal(size=(50, 3))
  labels = np.where(rng.uniform(size=50) < 0.7, logits.argmax(1), rng.integers(0, 3, 50))
  factors = np.linspace(0.01, 10, 4000)
  means = [slopes_by_hand(f * logits, labels)[0].mean() for f in factors]
  best = factors[np.argmin(np.abs(means))]
  assert np.abs(means).max() > 0.1
  x, y = jnp.asarray(best * logits, jnp.float32), jax.nn.one_hot(labels, 3)
  squares, _ = irm.squares(irm.slope(x, y), jnp.ones((50, 1)), False)
  assert squares[0] < 1e-5


@pytest.mark.adapts("irm")
def test_a_shortcut_that_the_sources_share_is_not_taken():
  assert spurious.accuracy("source_only") < 0.2  # the shortcut is right in one case of ten
  found, null = (spurious.accuracy("irm", weight=w, share=0.3) for w in (1000.0, 0.0))
  assert found > max(0.55, null + 0.4)  # 0.75 is the best there is
