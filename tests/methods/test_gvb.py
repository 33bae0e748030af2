"""GVB equals its paper written by hand: logits and scores less their bridges, which shrink."""

import by_hand
import normed_by_hand as central
import numpy as np

from adapt import methods, models

# Two classes leave its critic one number to see, whose normalisation amplifies rounding.
TOY = {"given": {"width": 32, "depth": 1}, "layouts": {"depth": 0}}
GOLDEN = {
  "bridge": 0.2855062,
  "critic_bridge": 0.07911246,
  "domain_loss": 0.7217492,
  "label_loss": 0.5042639,
  "loss": 1.590632,
}

N = by_hand.B
STRENGTH = 0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1)  # weight 0.7, progress 4 / 10


def linear(layer, x):
  return x @ layer["kernel"] + layer["bias"]


def outputs(net, bridge):
  """(logits less the bridge's, those) of both domains, the source first."""
  batch = by_hand.batch()
  out = by_hand.forward(net, np.concatenate([batch.xs, batch.xt]))
  crossing = linear(bridge, out.f)
  return out.l - crossing, crossing


def sureness(logits):
  p = by_hand.softmax(logits)
  return np.exp((p * np.log(p)).sum(1))


def domain(logits, critic, weights):
  """(domain loss, mean size of the critic's bridge); the sums of the weights are constants."""
  score, own = linear(critic["Dense_0"], by_hand.softmax(logits)).T
  losses = np.log1p(np.exp(np.where(np.arange(2 * N) < N, -1, 1) * (score - own)))
  sums = np.repeat([weights[:N].sum(), weights[N:].sum()], N)
  return (losses * sureness(logits) / sums).sum() / 2, abs(own).mean()


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("gvb", weight=0.7, on_network=0.3, on_critic=0.2, depth=0)
  params, batch = central.double(ts.params), by_hand.batch()
  logits, crossing = outputs(params["net"], params["bridge"])
  w = sureness(logits)

  def label_loss(logits):
    return by_hand.cross_entropy(logits[:N], batch.ys, batch.ws)[0]

  def by_network(tree):
    logits, crossing = outputs(tree["net"], tree["bridge"])
    domain_loss, own = domain(logits, params["critic"], w)
    reversed_part = -STRENGTH * (domain_loss + 0.2 * own)
    return label_loss(logits) + reversed_part + 0.3 * abs(crossing).mean()

  domain_loss, own = domain(logits, params["critic"], w)
  total = label_loss(logits) + domain_loss + 0.3 * abs(crossing).mean() + 0.2 * own
  grads = central.slopes(by_network, {"net": params["net"], "bridge": params["bridge"]})

  def by_critic(critic):
    domain_loss, own = domain(logits, critic, w)
    return domain_loss + 0.2 * own

  grads["critic"] = central.slopes(by_critic, params["critic"])
  assert abs(crossing).mean() > 0.01
  by_hand.assert_step(ts, *step(), grads, total)


def test_the_logits_without_the_bridge_predict():
  ts, _ = by_hand.decided("gvb", depth=0)
  _, found = methods.get("gvb")(models.build("mlp", by_hand.K), depth=0).predict(
    ts.params, ts.state, by_hand.batch().xt
  )
  logits, _ = outputs(*(central.double(ts.params[n]) for n in ("net", "bridge")))
  np.testing.assert_allclose(found, logits[N:], rtol=1e-3, atol=1e-4)
