"""MDAN equals Algorithm 1 of its paper written by hand: critics descend, features climb by source."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.mdan import sharpen

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.1}
GOLDEN = {"domain_loss": 1.382759, "label_loss": 0.5891197, "loss": 1.971879, "most": 0.6302866}


def assert_equals_by_hand(weight, soft, gamma):
  ts, step = by_hand.start("mdan", weight=weight, soft=soft, gamma=gamma, depth=0)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  f = np.concatenate([source.f, target.f])
  is_source = np.repeat([1.0, 0.0], by_hand.B)
  critics = jax.tree.map(np.asarray, ts.params["critics"])
  risks = list(by_hand.risks(source.l, *batch[1:4]))

  said = []
  for domain in (0, 1):  # the third has no examples: no bound, and nothing for its critic to learn
    critic = jax.tree.map(lambda v, domain=domain: v[domain], critics)
    w = np.asarray(batch.ws * batch.ds[:, domain], np.float64)
    halves = np.concatenate([w / w.sum() / 2, np.full(by_hand.B, 0.5 / by_hand.B)])
    said.append(by_hand.linear_critic(critic, f, is_source, halves))

  bounds = np.array([r[0] for r in risks]) - weight * np.array([s[0] for s in said])
  parts = np.array([r[1] for r in risks])
  counts = parts * np.exp(weight * gamma * bounds)
  if not soft:
    counts = np.eye(2)[bounds.argmax()]
  counts /= counts.sum()

  dl = sum(c * r[2] for c, r in zip(counts, risks, strict=True))
  df = -weight * sum(c * s[1] for c, s in zip(counts, said, strict=True))
  none = jax.tree.map(np.zeros_like, said[0][2])
  grads = {
    "net": by_hand.added(
      by_hand.backward(source, df=df[: by_hand.B], dl=dl),
      by_hand.backward(target, df=df[by_hand.B :]),
    ),
    "critics": jax.tree.map(lambda *v: np.stack(v), said[0][2], said[1][2], none),
  }
  loss = counts @ [r[0] for r in risks] + sum(s[0] for s in said)
  by_hand.assert_step(ts, *step(), grads, loss)
  return counts


@pytest.mark.parametrize(
  ("weight", "soft", "gamma"), [(1.0, True, 1.0), (0.6, True, 12.0), (0.6, False, 1.0)]
)
def test_one_step_equals_the_step_by_hand(weight, soft, gamma):
  counts = assert_equals_by_hand(weight, soft, gamma)
  assert np.ptp(counts) > 0.05  # the sources do not count alike


@pytest.mark.parametrize("soft", [True, False])
def test_without_weight_the_network_takes_the_step_of_the_pooled_risk(soft):
  ts, step = by_hand.start("mdan", weight=0.0, soft=soft, gamma=5.0)
  plain, plain_step = by_hand.start("source_only")
  after, _ = step(ts._replace(params={**ts.params, "net": plain.params["net"]}))
  expected, _ = plain_step()
  jax.tree.map(
    lambda a, e: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-7),
    after.params["net"],
    expected.params["net"],
  )


def test_counts_go_from_the_parts_over_the_softmax_to_the_largest():
  parts, bounds = jnp.asarray([0.2, 0.5, 0.3, 0.0]), jnp.asarray([1.0, 2.0, 3.0, 9.0])
  np.testing.assert_allclose(sharpen(parts, bounds, 0.0, True), parts)
  np.testing.assert_allclose(sharpen(parts, bounds, 0.0, False), parts)
  grown = np.asarray(parts) * np.exp(np.asarray(bounds) - 3)
  np.testing.assert_allclose(sharpen(parts, bounds, 1.0, True), grown / grown.sum(), rtol=1e-6)
  # The source without examples is never the largest.
  np.testing.assert_allclose(sharpen(parts, bounds, 80.0, True), [0, 0, 1, 0], atol=1e-6)
  np.testing.assert_allclose(sharpen(parts, bounds, 1.0, False), [0, 0, 1, 0])
  np.testing.assert_allclose(sharpen(jnp.zeros(4), bounds, 1.0, True), np.zeros(4))
  np.testing.assert_allclose(sharpen(jnp.zeros(4), bounds, 1.0, False), np.zeros(4))


def test_the_counts_are_the_slope_of_the_smoothed_bound():
  # What the paper minimises is log(Σ parts · exp(γ · bound)) / γ.
  parts, bounds = jnp.asarray([0.2, 0.5, 0.3]), jnp.asarray([1.0, 0.4, 0.7])

  def smoothed(b):
    return jnp.log(jnp.sum(parts * jnp.exp(3.0 * b))) / 3.0

  np.testing.assert_allclose(
    sharpen(parts, bounds, 3.0, True), jax.grad(smoothed)(bounds), rtol=1e-5
  )


def test_deep_critics_learn_and_push_the_features():
  method = methods.get("mdan")(models.build("mlp", by_hand.K), width=8, depth=1)
  params, state = method.init(jax.random.key(0), by_hand.batch())
  kernels = params["critics"]["Dense_0"]["kernel"]
  assert len(kernels) == 3 and jnp.abs(kernels[0] - kernels[1]).max() > 0.01

  def domain_loss(params):
    _, (_, metrics) = method.loss(params, state, by_hand.batch(), jax.random.key(1), 1.0)
    return metrics["domain_loss"]

  grads = jax.jit(jax.grad(domain_loss))(params)
  each = jnp.abs(grads["critics"]["Dense_0"]["kernel"]).max(axis=(1, 2))
  assert (each[:2] > 1e-4).all() and each[2] == 0
  assert jnp.abs(grads["net"]["hidden"]["kernel"]).max() > 1e-4
