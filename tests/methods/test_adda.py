"""ADDA equals its paper written by hand: only encoder and critic move, on inverted labels."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models

# Its loss says nothing of learning: it rises as the critic is fooled, and nothing else is in it.
TOY = {"given": {"width": 32, "depth": 1, "weight": 0.03}, "margin": 0.2, "falls": False}
GOLDEN = {"domain_loss": 0.6805298, "loss": 0.7043887, "mapping_loss": 0.7952965}

B = by_hand.B


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.start("adda", weight=weight, depth=0)
  # As in the middle of training: the target encoder is no longer the source's.
  ts = ts._replace(params={**ts.params, "net": jax.tree.map(lambda p: p + 0.1, ts.params["net"])})
  batch, opt, source = by_hand.batch(), by_hand.Nesterov(ts.params), ts.state["source"]
  fs = by_hand.forward({**source["body"], "head": source["head"]}, batch.xs).f
  target = by_hand.forward({**ts.params["net"], "head": source["head"]}, batch.xt)
  domain_loss, _, critic = by_hand.linear_critic(
    ts.params["critic"],
    np.concatenate([fs, target.f]),
    np.repeat([1.0, 0.0], B),
    np.full(2 * B, 1 / (2 * B)),
  )
  opt.move("critic", critic)
  mapping_loss, df, _ = by_hand.linear_critic(
    opt.params["critic"], target.f, np.ones(B), np.full(B, 1 / B)
  )
  opt.move("net", {"hidden": by_hand.backward(target, df=weight * df)["hidden"]})
  after, metrics = step(ts)
  found = [metrics[n] for n in ("domain_loss", "mapping_loss", "loss")]
  np.testing.assert_allclose(
    found, [domain_loss, mapping_loss, domain_loss + weight * mapping_loss], rtol=1e-5
  )
  opt.assert_equal(after.params)
  jax.tree.map(np.testing.assert_array_equal, after.state["source"], source)


def test_starts_as_the_source_model_and_reads_no_label():
  method = methods.get("adda")(models.build("mlp", by_hand.K))
  assert method.starts == "source"
  ts, _ = by_hand.start("adda", width=8)
  source, x = ts.state["source"], by_hand.batch().xt
  out = by_hand.forward({**source["body"], "head": source["head"]}, x)
  np.testing.assert_allclose(method.predict(ts.params, ts.state, x)[1], out.l, rtol=1e-4, atol=1e-5)
  batch, key = by_hand.batch(), jax.random.key(0)
  poisoned = batch._replace(ys=jnp.full(B, -7), ws=jnp.full(B, jnp.nan))
  small = methods.get("adda")(models.build("mlp", by_hand.K), width=8)
  for phase in small.loss:
    one, two = (phase.loss(ts.params, ts.state, b, key, 0.5)[0] for b in (batch, poisoned))
    assert one == two


def test_a_normalised_critic_judges_the_target_beside_the_source():
  ts, _ = by_hand.start("adda", width=8, depth=1)
  method = methods.get("adda")(models.build("mlp", by_hand.K), width=8, depth=1)
  batch = by_hand.batch()

  def mapping_loss(batch):
    return method.loss[1].loss(ts.params, ts.state, batch, jax.random.key(0), 0.5)[0]

  assert abs(mapping_loss(batch) - mapping_loss(batch._replace(xs=batch.xs + 3))) > 1e-3
