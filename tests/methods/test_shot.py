"""SHOT equals its paper written by hand: centroids found twice, labels that hold until the next are made."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.distance import cdist
from test_shot_im import information

from adapt import methods, models
from adapt.methods.shot import find_centroids, nearest
from adapt.models import nets

# The source model's centroids label a quarter of the turned moons right, so that labels may not lead.
TOY = {"steps": 800, "given": {"pseudo": 0.03}, "margin": 0.15}
GOLDEN = {
  "entropy_loss": 0.681131,
  "loss": 0.01138994,
  "marginal_entropy": 0.6905869,
  "pseudo_loss": 0.6948619,
}

rng = np.random.default_rng(3)


def labels_by_hand(f, p):
  """The paper's eq. 4 to 6: (labels, centroids, classes that may be labelled)."""
  f = np.concatenate([f, np.ones((len(f), 1))], axis=1)
  f /= np.linalg.norm(f, axis=1, keepdims=True)
  shares, predicted = p, p.argmax(1)
  for _ in range(2):
    there = np.unique(predicted)
    centroids = shares.T @ f / (1e-8 + shares.sum(0)[:, None])
    predicted = there[cdist(f, centroids[there], "cosine").argmin(1)]
    shares = np.eye(p.shape[1])[predicted]
  return predicted, centroids, there


def test_centroids_and_labels_equal_those_by_hand():
  f = rng.normal(size=(60, 5)) + np.eye(5)[rng.integers(0, 4, 60)] * 3
  logits = f @ rng.normal(size=(5, 4))
  logits[:, 3] = -4.0  # nothing is predicted as the last class
  labels, centroids, there = labels_by_hand(f, by_hand.softmax(logits))
  found, may = find_centroids(jnp.asarray(f), jnp.asarray(logits))
  assert set(there) < {0, 1, 2, 3}
  np.testing.assert_array_equal(np.flatnonzero(may), there)
  np.testing.assert_allclose(found[there], centroids[there], rtol=1e-4, atol=1e-6)
  np.testing.assert_array_equal(nearest(jnp.asarray(f), found, may), labels)
  assert (labels != logits.argmax(1)).any()


def refreshed(ts, xt, **given):
  method = methods.get("shot")(models.build("mlp", by_hand.K), **given)
  state = method.refresh(ts.params, ts.state, None, None, xt)  # without any source
  assert jax.tree.structure(state) == jax.tree.structure(ts.state)
  return ts._replace(state=state)


def test_one_step_equals_the_step_by_hand():
  given = {"weight": 2.0, "pseudo": 0.7, "diversity": 0.5}
  ts, step = by_hand.decided("shot", **given)
  batch = by_hand.batch()
  everything = jnp.concatenate([batch.xt, batch.xs, batch.xl])
  rows = by_hand.B + np.arange(by_hand.B)
  batch = batch._replace(xt=batch.xs, it=jnp.asarray(rows))  # whose labels differ
  ts = refreshed(ts, everything, **given)
  head = ts.state["head"]
  out = by_hand.forward({**ts.params["net"], "head": head}, everything)
  labels, _, _ = labels_by_hand(out.f, by_hand.softmax(out.l))
  np.testing.assert_array_equal(ts.state["labels"], labels)
  labels = labels[rows]
  assert len(set(labels)) > 1

  # The labels hold though the network moves on.
  ts = ts._replace(params=jax.tree.map(lambda p: 0.3 * p - 0.1, ts.params))
  target = by_hand.forward({**ts.params["net"], "head": head}, batch.xt)
  p = by_hand.softmax(target.l)
  own, spread, by_own, by_spread = information(p)
  pseudo_loss, dl = by_hand.cross_entropy(target.l, labels)
  dl = 2 * (0.7 * dl + by_hand.through_softmax(p, by_own - 0.5 * by_spread))
  grads = by_hand.backward(target, dl=dl)
  del grads["head"]
  after, metrics = step(ts, batch)
  total = 2 * (own - 0.5 * spread + 0.7 * pseudo_loss)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, total)
  jax.tree.map(np.testing.assert_array_equal, after.state["head"], head)
  np.testing.assert_array_equal(after.state["labels"], ts.state["labels"])


def test_without_a_refresh_there_are_no_labels():
  _, step = by_hand.decided("shot", pseudo=9.0)
  _, metrics = step()
  assert metrics["pseudo_loss"] == 0
  np.testing.assert_allclose(
    metrics["loss"], metrics["entropy_loss"] - metrics["marginal_entropy"], rtol=1e-5
  )


def test_outputs_of_a_whole_set_are_those_of_its_parts():
  net = models.build("mlp", by_hand.K)
  x = jnp.asarray(rng.normal(size=(11, by_hand.D)), jnp.float32)
  params, stats = net.init(jax.random.key(0), x)
  expected, _ = net.apply(params, stats, x, False, None)
  found = nets.outputs(net, params, stats, x, block=4)  # two blocks and a rest
  jax.tree.map(lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6), expected, found)
