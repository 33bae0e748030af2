"""MCC equals the loss of its paper written by hand; entropy weights are constants."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.methods import mcc

TOY = {"given": {"temperature": 1.0}, "margin": 0.05}
GOLDEN = {"confusion": 0.4787785, "label_loss": 0.6018788, "loss": 1.080657}


def confusion_by_loop(p):
  """(loss, its gradient by p) with one loop per class pair."""
  n, k = p.shape
  sure = 1 + np.exp((p * np.log(p)).sum(1))
  w = n * sure / sure.sum()
  pairs = np.array([[sum(w * p[:, a] * p[:, b]) for b in range(k)] for a in range(k)])
  loss, by_pairs = 0.0, np.zeros((k, k))
  for a in range(k):
    row = pairs[a].sum()
    for b in range(k):
      if a != b:
        loss += pairs[a, b] / row / k
        by_pairs[a, b] += 1 / row / k
        by_pairs[a] -= pairs[a, b] / row**2 / k
  return loss, w[:, None] * (p @ (by_pairs + by_pairs.T))


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("mcc", weight=0.8, temperature=0.6)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l / 0.6)
  confusion, dp = confusion_by_loop(p)
  dt = 0.8 * by_hand.through_softmax(p, dp) / 0.6
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + 0.8 * confusion)


def test_gradient_of_spread_out_predictions_equals_the_loop():
  # Unequal entropies, so that a gradient through the weights would show.
  logits = np.random.default_rng(0).normal(scale=3, size=(6, 4))
  p = by_hand.softmax(logits)
  confusion, dp = confusion_by_loop(p)
  value, slope = jax.value_and_grad(mcc.class_confusion)(jnp.asarray(logits, jnp.float32))
  np.testing.assert_allclose(value, confusion, rtol=1e-5)
  np.testing.assert_allclose(slope, by_hand.through_softmax(p, dp), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize(
  ("logits", "expected"),
  [
    (50 * np.eye(3), 0.0),  # sure of each class
    (50 * np.eye(3)[[0, 0, 1]], 1 / 3),  # a class that nobody predicts counts as confused
    (np.zeros((3, 3)), 2 / 3),  # no idea: all pairs alike
  ],
)
def test_confusion_of_extreme_predictions(logits, expected):
  np.testing.assert_allclose(mcc.class_confusion(logits.astype(np.float32)), expected, atol=1e-6)
