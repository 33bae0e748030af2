"""MDD equals its paper written by hand, and stays finite for a sure adversary."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.methods.mdd import log_other

# A critic without normalisation does not bear the others' learning rate.
TOY = {"given": {"weight": 20.0, "margin": 0.5}, "lr": 0.01, "margin": 0.15}
GOLDEN = {
  "agree_loss": 0.5696097,
  "disagree_loss": 0.8350909,
  "label_loss": 0.6862378,
  "loss": 1.806134,
}

B, K = by_hand.B, by_hand.K


@pytest.mark.parametrize(("weight", "margin"), [(0.0, 4.0), (0.7, 4.0), (0.7, 2.0)])
def test_one_step_equals_the_step_by_hand(weight, margin):
  ts, step = by_hand.start("mdd", weight=weight, margin=margin)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  adversary = jax.tree.map(lambda v: np.asarray(v, np.float64), ts.params["adversary"])
  ps, pt = (
    by_hand.softmax(o.f @ adversary["kernel"] + adversary["bias"]) for o in (source, target)
  )
  here, there = np.eye(K)[source.l.argmax(1)], np.eye(K)[target.l.argmax(1)]
  agree = -np.log((ps * here).sum(1)).mean()
  disagree = -np.log(1 - (pt * there).sum(1)).mean()
  # Of −log(1 − p_y) by the logits: p_y for y, −p_y p_j / (1 − p_y) for the others.
  own = (pt * there).sum(1, keepdims=True)
  da = margin * (ps - here) / B
  db = own * (there - (1 - there) * pt / (1 - own)) / B
  strength = weight * (2 / (1 + np.exp(-10 * 0.4)) - 1)
  grads = {
    "net": by_hand.added(
      by_hand.backward(source, df=-strength * da @ adversary["kernel"].T, dl=dl),
      by_hand.backward(target, df=-strength * db @ adversary["kernel"].T),
    ),
    "adversary": {
      "kernel": source.f.T @ da + target.f.T @ db,
      "bias": da.sum(0) + db.sum(0),
    },
  }
  by_hand.assert_step(ts, *step(), grads, label_loss + margin * agree + disagree)


def test_log_other_is_finite_and_pulls_where_the_naive_form_does_not():
  logits, labels = jnp.array([[60.0, 0.0, 0.0], [1.0, 2.0, 0.5]]), jnp.array([0, 1])
  naive = jnp.log(1 - jax.nn.softmax(logits)[jnp.arange(2), labels])
  assert jnp.isneginf(naive[0])
  values = log_other(logits, labels)
  np.testing.assert_allclose(values, [np.log(2) - 60, naive[1]], rtol=1e-5)
  gradient = jax.grad(lambda z: log_other(z, labels)[0])(logits)
  np.testing.assert_allclose(gradient[0], [-1, 0.5, 0.5], rtol=1e-5)


def test_at_the_papers_optimum_the_adversary_s_confidence_is_that_of_the_margin():
  # Where both domains are alike, its probability of the decision is γ / (1 + γ).
  labels = jnp.array([0])
  for margin in (2.0, 4.0):
    z = jnp.array([[np.log(margin), 0.0]])
    slope = jax.grad(
      lambda z, m=margin: -m * jax.nn.log_softmax(z)[0, 0] - log_other(z, labels)[0]
    )(z)
    np.testing.assert_allclose(slope, 0, atol=1e-6)
