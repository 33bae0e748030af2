"""IWAN equals its eq. 8–13 written by hand: one critic weighs, the other one's gradient is reversed."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods import iwan

TOY = {"given": {"width": 32, "depth": 1, "weight": 1.0, "ramp": 10.0}}
GOLDEN = {
  "domain_loss": 0.6451446,
  "entropy_loss": 0.6618696,
  "loss": 1.341784,
  "weigher_loss": 0.6804292,
}


def begun(weight):
  """A start at which the target encoder is not the source's any more."""
  ts, step = by_hand.start("iwan", weight=weight, ramp=10.0, entropy_weight=0.5, depth=0)
  moved = jax.tree.map(lambda p: 1.5 * p + 0.1, ts.params["net"])
  return ts._replace(params={**ts.params, "net": moved}), step


def outputs(ts):
  """(source, target) as the two encoders see them, under the source's classifier."""
  batch, source = by_hand.batch(), ts.state["source"]
  nets = ({**body, "head": source["head"]} for body in (source["body"], ts.params["net"]))
  return [by_hand.forward(p, x) for p, x in zip(nets, (batch.xs, batch.xt), strict=True)]


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = begun(weight)
  batch, n = by_hand.batch(), by_hand.B
  source, target = outputs(ts)
  f, is_source = np.concatenate([source.f, target.f]), np.repeat([1.0, 0.0], n)
  even = np.full(2 * n, 1 / (2 * n))
  weigher_loss, _, weigher = by_hand.linear_critic(ts.params["weigher"], f, is_source, even)

  layer = jax.tree.map(np.asarray, ts.params["weigher"]["Dense_0"])
  taken = 1 - 1 / (1 + np.exp(-(source.f @ layer["kernel"] + layer["bias"])[:, 0]))
  counts = taken / taken.mean() * np.asarray(batch.ws)
  weights = np.concatenate([counts / counts.sum(), np.full(n, 1 / n)]) / 2
  domain_loss, df, critic = by_hand.linear_critic(ts.params["critic"], f, is_source, weights)

  strength = weight * (2 / (1 + np.exp(-4.0)) - 1)  # progress is 4 / 10
  p = by_hand.softmax(target.l)
  entropy_loss = -(p * np.log(p)).sum(1).mean()
  dl = 0.5 * strength * by_hand.through_softmax(p, -(np.log(p) + 1)) / n
  body = by_hand.backward(target, df=-strength * df[n:], dl=dl)
  grads = {"net": {"hidden": body["hidden"]}, "weigher": weigher, "critic": critic}
  after, metrics = step(ts)
  total = weigher_loss + domain_loss + 0.5 * strength * entropy_loss
  by_hand.assert_step(ts, after, metrics, grads, total)
  jax.tree.map(np.testing.assert_array_equal, after.state["source"], ts.state["source"])


def test_what_surely_is_source_counts_little_and_the_mean_is_one():
  counts = iwan.source_weights(jnp.array([8.0, 0.0, -2.0]))
  assert counts[0] < 0.01 < counts[1] < counts[2]
  np.testing.assert_allclose(counts.mean(), 1.0, rtol=1e-6)


def test_the_target_encoder_predicts_with_the_source_s_classifier():
  ts, _ = begun(0.7)
  method = methods.get("iwan")(models.build("mlp", by_hand.K))
  features, logits = method.predict(ts.params, ts.state, by_hand.batch().xt)
  _, target = outputs(ts)
  np.testing.assert_allclose(features, target.f, rtol=1e-5)
  np.testing.assert_allclose(logits, target.l, rtol=1e-4, atol=1e-5)
