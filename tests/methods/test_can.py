"""CAN equals its paper written by hand: clusters of the target, pairs of classes, norms of their own."""

from unittest import mock

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand
import numpy as np
from normed_by_hand import double, forward, slopes
from scipy.spatial.distance import cdist
from test_between_classes import mmd_by_loop, scales_by_loop

from adapt import methods, models
from adapt.methods import can

TOY = {"margin": 0.2, "amplified": 1e-4}
GOLDEN = {"inter": 0.0, "intra": 2.607039, "kept": 0.1875, "label_loss": 1.013081, "loss": 1.795193}

rng = np.random.default_rng(3)
K = by_hand.K


def clustered_by_hand(f, start):
  """Labels, distances and how often each cluster was empty, of spherical k-means."""
  centres, empty = start, np.zeros(len(start))
  for _ in range(100):
    labels, old = cdist(f, centres, "cosine").argmin(1), centres
    centres = start.copy()
    for c in range(len(start)):
      if (labels == c).any():
        centres[c] = f[labels == c].sum(0)
      empty[c] += not (labels == c).any()
    change = [
      cdist(a[None], b[None], "cosine").item() / 2 for a, b in zip(centres, old, strict=True)
    ]
    if np.mean(change) < 0.005:
      break
  far = cdist(f, centres, "cosine") / 2
  return far.argmin(1), far.min(1), empty


def unit(f):
  return f / np.maximum(np.linalg.norm(f, axis=1, keepdims=True), 1e-12)


def test_clusters_equal_those_by_hand():
  f = unit(np.abs(rng.normal(size=(200, 4))) + 2 * np.eye(4)[rng.integers(0, 3, 200)])
  start = np.array([[3, 2, 0, 0], [1, 2, 0, 0], [0, 1, 2, 1], [-9, -9, -9, -1.0]])
  labels, far, empty = clustered_by_hand(f, start)
  assert empty[3] > 1 and set(labels) == {0, 1, 2}  # the last begins again each time
  assert (labels != cdist(f, start, "cosine").argmin(1)).any()
  found, distances = can.clustered(*map(jnp.float32, (f, start)))
  np.testing.assert_array_equal(found, labels)
  np.testing.assert_allclose(distances, far, rtol=1e-3, atol=1e-5)


def test_a_cluster_that_loses_its_examples_begins_again_at_its_source_centre():
  turned = lambda degrees: np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], 1)
  # 30 and 70 are first of the middle cluster, whose centre of 50 is far from both.
  f, start = turned(np.repeat([20, 30, 70, 80], (20, 1, 1, 20))), turned(np.array([5, 38, 105]))
  labels, far, empty = clustered_by_hand(f, start)
  assert empty.tolist() == [0, 1, 0] and labels[20] == 1  # at 50 it would not be
  found, distances = can.clustered(*map(jnp.float32, (f, start)))
  np.testing.assert_array_equal(found, labels)
  np.testing.assert_allclose(distances, far, rtol=1e-3, atol=1e-6)


def features(params, x, stats=None):
  """What the head reads: the normed network's layer before it."""
  head = {"kernel": np.eye(params["head"]["kernel"].shape[0]), "bias": 0.0}
  return forward({**params, "head": head}, x, stats)[0]


def test_a_refresh_keeps_what_is_near_in_classes_with_enough_of_it():
  given = {"radius": 0.06, "least": 12}
  method, ts, _ = normed_by_hand.started("can", **given)
  scaled = jax.tree.map(lambda v: 1.3 * v + 0.2, ts.params["norms_target"])
  apart = jax.tree.map(lambda v: 0.7 * v + 0.3, ts.state["stats"])
  ts = ts._replace(params={**ts.params, "norms_target": scaled})
  ts = ts._replace(state={**ts.state, "stats_target": apart})
  centres = 2 * np.eye(K, by_hand.D)
  ys, yt = rng.integers(0, K, 30), np.repeat(np.arange(K), (30, 20, 12))
  xs, xt = (centres[y] + rng.normal(size=(len(y), by_hand.D)) for y in (ys, yt))
  xs *= np.linspace(0.2, 3.0, len(xs))[:, None]  # so that features differ in length
  arrays = jnp.float32(xs), jnp.int32(ys), jnp.float32(xt + 0.5)
  with mock.patch.object(can, "clustered", wraps=can.clustered) as clustered:
    state = method.refresh(ts.params, ts.state, *arrays)
  source = unit(features(double(ts.params["net"]), xs, double(ts.state["stats"])))
  whole = double({**ts.params["net"], **scaled})
  target = unit(features(whole, xt + 0.5, double(ts.state["stats_target"])))
  start = np.stack([source[ys == c].sum(0) for c in range(K)])
  np.testing.assert_allclose(clustered.call_args.args[1], start, rtol=1e-4, atol=1e-5)
  labels, far, _ = clustered_by_hand(target, start)
  near = far < 0.06
  counts = np.bincount(labels[near], minlength=K)
  assert 0 < counts.min() < 12 <= counts.max() and not near.all()
  np.testing.assert_array_equal(
    state["labels"], np.where(near & (counts >= 12)[labels], labels, -1)
  )
  assert jax.tree.structure(state) == jax.tree.structure(ts.state)
  assert method.refreshes == 50


def discrepancy(layers, ys, yt, scales):
  """Within classes and between them, each divided by the numbers of the task."""
  mmd = sum(mmd_by_loop(*pair, ys, yt, K, s) for pair, s in zip(layers, scales, strict=True))
  return mmd.trace() / K, (mmd.sum() - mmd.trace()) / (K * (K - 1))


def test_one_step_equals_the_step_by_hand():
  _, ts, step = normed_by_hand.started("can", weight=0.7)
  scaled = jax.tree.map(lambda v: 1.3 * v + 0.2, ts.params["norms_target"])
  batch, yt = by_hand.batch(), np.array([0, 1, -1, 1, 0, 0, -1, 1])
  ts = ts._replace(params={**ts.params, "norms_target": scaled})
  ts = ts._replace(state={**ts.state, "labels": jnp.asarray(yt, jnp.int32)})
  ys = np.asarray(batch.ys)
  assert set(ys) == {0, 1, 2}  # the target lacks one

  def outputs(params):
    nets = params["net"], {**params["net"], **params["norms_target"]}
    fs, ft = (features(net, x) for net, x in zip(nets, (batch.xs, batch.xt), strict=True))
    ls, lt = (f @ params["net"]["head"]["kernel"] + params["net"]["head"]["bias"] for f in (fs, ft))
    return ls, [(fs, ft), (by_hand.softmax(ls), by_hand.softmax(lt))]

  scales = [scales_by_loop(*pair, ys, yt, K) for pair in outputs(double(ts.params))[1]]  # constants

  def loss(params):
    ls, layers = outputs(params)
    intra, inter = discrepancy(layers, ys, yt, scales)
    return by_hand.cross_entropy(ls, batch.ys, batch.ws)[0] + 0.7 * (intra - inter)

  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, slopes(loss, ts.params), loss(double(ts.params)))
  intra, inter = discrepancy(outputs(double(ts.params))[1], ys, yt, scales)
  found = [metrics[name] for name in ("intra", "inter", "kept")]
  np.testing.assert_allclose(found, [intra, inter, 0.75], rtol=1e-4)
  whole = double({**ts.params["net"], **scaled})
  normed_by_hand.assert_each_domain_moves(ts, after, whole, batch)


def test_without_a_refresh_there_is_no_discrepancy_and_the_targets_norms_predict():
  method, _, step = normed_by_hand.started("can")
  after, metrics = step()
  assert metrics["intra"] == metrics["inter"] == metrics["kept"] == 0
  _, logits = method.predict(after.params, after.state, by_hand.batch().xt)
  whole = double({**after.params["net"], **after.params["norms_target"]})
  expected = forward(whole, by_hand.batch().xt, double(after.state["stats_target"]))[0]
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_a_network_without_normalisation_takes_part():
  method = methods.get("can")(models.build("mlp", K))
  params, state = method.init(jax.random.key(0), by_hand.batch())
  _, logits = method.predict(params, state, by_hand.batch().xt)
  np.testing.assert_allclose(
    logits, by_hand.forward(params["net"], by_hand.batch().xt).l, rtol=1e-4, atol=1e-5
  )
