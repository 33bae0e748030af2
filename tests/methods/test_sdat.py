"""SDAT equals its paper written by hand: both losses where the source loss is worst nearby."""

import by_hand
import jax
import numpy as np
import pytest
from test_cdan import products

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.1}
GOLDEN = {"domain_loss": 0.7064434, "label_loss": 0.7133091, "loss": 1.419753}


@pytest.mark.parametrize("radius", [0.0, 0.3])
def test_one_step_equals_the_step_by_hand(radius):
  ts, step = by_hand.start("sdat", weight=0.7, radius=radius, depth=0)
  batch, n = by_hand.batch(), by_hand.B
  here = by_hand.forward(ts.params["net"], batch.xs)
  slope = by_hand.backward(here, dl=by_hand.cross_entropy(here.l, batch.ys, batch.ws)[1])
  length = np.sqrt(sum((g**2).sum() for g in jax.tree.leaves(slope)))
  there = jax.tree.map(
    lambda p, g: np.asarray(p, np.float64) + radius * g / length, dict(ts.params["net"]), slope
  )
  source, target = (by_hand.forward(there, x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  f, p = (
    np.concatenate(v)
    for v in ((source.f, target.f), (by_hand.softmax(source.l), by_hand.softmax(target.l)))
  )
  seen, to_features = products(f, p, {})
  domain_loss, dseen, critic = by_hand.linear_critic(
    ts.params["critic"], seen, np.repeat([1.0, 0.0], n), np.full(2 * n, 0.5 / n)
  )
  df = -0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1) * to_features(dseen)
  grads = by_hand.added(
    by_hand.backward(source, df=df[:n], dl=dl), by_hand.backward(target, df=df[n:])
  )
  by_hand.assert_step(ts, *step(), {"net": grads, "critic": critic}, label_loss + domain_loss)
  assert label_loss >= by_hand.cross_entropy(here.l, batch.ys, batch.ws)[0]
