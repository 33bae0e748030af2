"""ADVENT equals its paper written by hand: maps of self-information pass for the source's."""

import by_hand
import numpy as np
import pytest

# On moons it is the entropy that gains; the critic must not take more than two points of that.
TOY = {
  "steps": 800,
  "given": {"width": 32, "depth": 1, "weight": 0.03, "entropy_weight": 0.3},
  "margin": 0.03,
  "null_margin": -0.02,
}
GOLDEN = {
  "adversarial_loss": 0.7279306,
  "domain_loss": 0.7151794,
  "entropy_loss": 0.9802701,
  "label_loss": 0.6777182,
  "loss": 1.708817,
}

B, K = by_hand.B, by_hand.K


@pytest.mark.parametrize(("weight", "entropy_weight"), [(0.0, 0.0), (0.7, 0.0), (0.7, 0.4)])
def test_one_step_equals_the_step_by_hand(weight, entropy_weight):
  ts, step = by_hand.start("advent", weight=weight, entropy_weight=entropy_weight, depth=0)
  batch, opt = by_hand.batch(), by_hand.Nesterov(ts.params)
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  fooled, dm, _ = by_hand.linear_critic(
    ts.params["critic"], information(target.l), np.ones(B), np.full(B, 1 / B)
  )
  entropy = information(target.l).sum(1).mean()
  p = by_hand.softmax(target.l)
  dm = weight * dm + entropy_weight / B
  dt = by_hand.through_softmax(p, dm * -(np.log(p) + 1) / np.log(K))
  opt.move("net", by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt)))
  seen = [by_hand.forward(opt.params["net"], x).l for x in (batch.xs, batch.xt)]
  domain_loss, _, critic = by_hand.linear_critic(
    ts.params["critic"],
    information(np.concatenate(seen)),
    np.repeat([1.0, 0.0], B),
    np.full(2 * B, 1 / (2 * B)),
  )
  opt.move("critic", critic)
  after, metrics = step()
  total = label_loss + weight * fooled + entropy_weight * entropy + domain_loss
  found = [metrics[n] for n in ("adversarial_loss", "entropy_loss", "domain_loss", "loss")]
  np.testing.assert_allclose(found, [fooled, entropy, domain_loss, total], rtol=1e-5)
  opt.assert_equal(after.params)


def information(logits):
  p = by_hand.softmax(logits)
  return -p * np.log(p) / np.log(K)
