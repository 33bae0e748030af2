"""MDD equals its paper written by hand, and stays finite for a sure adversary."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.methods.mdd import log_other

# A critic without normalisation does not bear the others' learning rate.
TOY = {
  "steps": 800,
  "given": {"weight": 20.0, "margin": 0.5, "depth": 0},
  "lr": 0.01,
  "margin": 0.15,
}
GOLDEN = {
  "agree_loss": 0.6653913,
  "disagree_loss": 0.7769829,
  "label_loss": 0.8004788,
  "loss": 1.910157,
}

B, K = by_hand.B, by_hand.K


def perceptron(head, f):
  """(logits, function from their gradient to (that of f, those of the head)), without dropout."""
  layers = [jax.tree.map(lambda v: np.asarray(v, np.float64), p) for p in head]
  inputs = [f]
  for layer in layers[:-1]:
    inputs.append(np.maximum(inputs[-1] @ layer["kernel"] + layer["bias"], 0))
  logits = inputs[-1] @ layers[-1]["kernel"] + layers[-1]["bias"]

  def backward(d):
    grads = []
    for layer, x in zip(layers[::-1], inputs[::-1], strict=True):
      grads.insert(0, {"kernel": x.T @ d, "bias": d.sum(0)})
      d = d @ layer["kernel"].T * ((x > 0) if x is not f else 1.0)
    return d, grads

  return logits, backward


def layers_of(head):
  """A head's dense layers, and the function that puts their gradients where they belong."""
  if "kernel" in head:
    return [head], lambda grads: grads[0]
  names = sorted(head)
  return [head[n] for n in names], lambda grads: dict(zip(names, grads, strict=True))


@pytest.mark.parametrize(
  ("weight", "margin", "depth"), [(0.0, 4.0, 0), (0.7, 4.0, 0), (0.7, 2.0, 0), (0.7, 2.0, 1)]
)
def test_one_step_equals_the_step_by_hand(weight, margin, depth):
  ts, step = by_hand.start("mdd", weight=weight, margin=margin, depth=depth, width=5, dropout=0.0)
  batch, body = by_hand.batch(), {**ts.params["net"], "head": ts.state["head"]}
  source, target = (by_hand.forward(body, x) for x in (batch.xs, batch.xt))
  f = np.concatenate([source.f, target.f])
  (first, of_first), (second, of_second) = (layers_of(h) for h in ts.params["heads"].values())
  logits, through_first = perceptron(first, f)
  adversary, through_second = perceptron(second, f)
  label_loss, dl = by_hand.cross_entropy(logits[:B], batch.ys, batch.ws)
  p, decided = by_hand.softmax(adversary), np.eye(K)[logits.argmax(1)]
  (ps, pt), (here, there) = np.split(p, 2), np.split(decided, 2)
  agree = -np.log((ps * here).sum(1)).mean()
  disagree = -np.log(1 - (pt * there).sum(1)).mean()
  # Of −log(1 − p_y) by the logits: p_y for y, −p_y p_j / (1 − p_y) for the others.
  own = (pt * there).sum(1, keepdims=True)
  da = margin * (ps - here) / B
  db = own * (there - (1 - there) * pt / (1 - own)) / B
  strength = weight * (2 / (1 + np.exp(-10 * 0.4)) - 1)
  df, first_grads = through_first(np.concatenate([dl, np.zeros_like(dl)]))
  reversed_df, second_grads = through_second(np.concatenate([da, db]))
  df -= strength * reversed_df
  net = by_hand.added(by_hand.backward(source, df=df[:B]), by_hand.backward(target, df=df[B:]))
  grads = {
    "net": {"hidden": net["hidden"]},
    "heads": {"first": of_first(first_grads), "second": of_second(second_grads)},
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
