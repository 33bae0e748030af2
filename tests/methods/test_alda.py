"""ALDA by hand: labels that a critic corrects, opposite wishes of the domains, and who learns from what."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.alda import corrected

TOY = {"given": {"width": 32, "depth": 1, "threshold": 0.6}, "margin": 0.1}
GOLDEN = {
  "corrected_loss": -0.2560587,
  "critic_loss": 0.4320562,
  "domain_loss": 1.165928,
  "label_loss": 0.6733919,
  "loss": 2.208663,
  "sure": 0.1875,
}

WEIGHT, CORRECTION, THRESHOLD = 0.7, 0.8, 0.5
GROWN = 2 / (1 + np.exp(-10 * 0.4)) - 1
K = by_hand.K


def labels_by_hand(scores, predicted):
  """By the paper's confusion matrix: column l has the belief in l, and the rest of it elsewhere."""
  made = []
  for s, label in zip(scores, predicted, strict=True):
    belief = 1 / (1 + np.exp(-s))
    matrix = np.where(np.eye(K) > 0, belief, (1 - belief) / (K - 1))
    made.append(matrix[:, label])
  return np.array(made)


def adversarial(scores, logits, ys, sure):
  """(loss, corrected labels) over source examples and sure target ones."""
  n, predicted = len(ys), logits.argmax(1)
  labels = labels_by_hand(scores, predicted)
  wanted = np.concatenate([np.eye(K)[ys], (1 - np.eye(K)[predicted[n:]]) / (K - 1)])
  each = -(wanted * np.log(labels) + (1 - wanted) * np.log(1 - labels)).sum(1)
  counted = np.concatenate([np.ones(n, bool), sure])
  return each[counted].mean(), labels


def started():
  given = {"weight": WEIGHT, "correction": CORRECTION, "threshold": THRESHOLD, "depth": 0}
  return by_hand.decided("alda", **given)


def test_one_step_equals_the_step_by_hand():
  ts, step = started()
  batch, n = by_hand.batch(), by_hand.B
  ys, layer = np.asarray(batch.ys), central.double(ts.params["critic"]["Dense_0"])
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  f, logits = np.concatenate([source.f, target.f]), np.concatenate([source.l, target.l])
  p = by_hand.softmax(target.l)
  sure = p.max(1) > THRESHOLD
  assert 0 < sure.sum() < n and (source.l.argmax(1) != ys).any()

  judged = lambda v: v["f"] @ v["kernel"] + v["bias"]
  told = lambda v: adversarial(judged(v), logits, ys, sure)[0]
  domain_loss, labels = adversarial(judged({"f": f, **layer}), logits, ys, sure)
  slope = central.slopes(told, {"f": f, **layer})
  critic_loss, dc = by_hand.cross_entropy(source.f @ layer["kernel"] + layer["bias"], ys, batch.ws)
  critic = {
    "kernel": WEIGHT * slope["kernel"] + source.f.T @ dc,
    "bias": WEIGHT * slope["bias"] + dc.sum(0),
  }
  label_loss, dl = by_hand.cross_entropy(source.l, ys, batch.ws)
  corrected_loss = -(p * labels[n:])[sure].mean()
  factor = WEIGHT * CORRECTION * GROWN
  dt = by_hand.through_softmax(p, -factor * labels[n:] * sure[:, None] / (sure.sum() * K))
  df = -GROWN * WEIGHT * slope["f"]
  grads = by_hand.added(
    by_hand.backward(source, df=df[:n], dl=dl), by_hand.backward(target, df=df[n:], dl=dt)
  )
  after, metrics = step()
  names = ("label_loss", "domain_loss", "critic_loss", "corrected_loss", "sure")
  found = (label_loss, domain_loss, critic_loss, corrected_loss, sure.mean())
  np.testing.assert_allclose([metrics[m] for m in names], found, rtol=1e-4)
  total = label_loss + critic_loss + WEIGHT * domain_loss + factor * corrected_loss
  by_hand.assert_step(ts, after, metrics, {"net": grads, "critic": {"Dense_0": critic}}, total)


def test_corrected_labels_are_columns_of_the_confusion_matrix():
  scores = jnp.asarray(np.random.default_rng(0).normal(size=(6, K)), jnp.float32)
  predicted = jnp.array([0, 1, 2, 2, 1, 0])
  found = corrected(scores, predicted)
  np.testing.assert_allclose(found, labels_by_hand(np.asarray(scores), predicted), rtol=1e-5)
  np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-6)


def test_a_batch_without_a_sure_example_has_no_corrected_loss():
  method = methods.get("alda")(models.build("mlp", K), threshold=0.99, width=8)
  batch = by_hand.batch()
  params, state = jax.jit(method.init)(jax.random.key(0), batch)
  slope = jax.jit(jax.grad(lambda p: method.loss(p, state, batch, jax.random.key(1), 0.5)[0]))
  _, (_, metrics) = jax.jit(method.loss)(params, state, batch, jax.random.key(1), 0.5)
  assert metrics["sure"] == 0 and metrics["corrected_loss"] == 0
  assert all(jnp.isfinite(g).all() for g in jax.tree.leaves(slope(params)))


def test_one_class_is_refused():
  with pytest.raises(ValueError, match="there is only one"):
    methods.get("alda")(models.build("mlp", 1)).init(jax.random.key(0), by_hand.batch())
