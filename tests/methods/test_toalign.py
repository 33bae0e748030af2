"""ToAlign equals its eq. 3-5 written by hand: the critic sees what classifies source examples."""

import by_hand
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
from test_gvb import linear, sureness

from adapt.methods import toalign

TOY = {"given": {"width": 32, "depth": 1}, "layouts": {"depth": 0}}
GOLDEN = {
  "bridge": 0.2855062,
  "domain_loss": 0.7143868,
  "label_loss": 0.5042639,
  "loss": 1.504157,
}

N = by_hand.B
STRENGTH = 0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1)  # weight 0.7, progress 4 / 10


def losses(net, bridge, critic, constant):
  """(label loss, domain loss, mean size of the bridge); `constant` gives weights and their sums."""
  batch = by_hand.batch()
  ys, kernel, sums = np.asarray(batch.ys), *constant
  out = by_hand.forward(net, np.concatenate([batch.xs, batch.xt]))
  crossing = linear(bridge, out.f)
  logits = out.l - crossing
  fs = out.f[:N]
  w = kernel.T[ys]
  relevant = fs * w * np.sqrt((fs**2).sum(1) / ((fs * w) ** 2).sum(1))[:, None]
  seen = np.concatenate([linear(out.p["head"], relevant) - linear(bridge, relevant), logits[N:]])
  score = linear(critic["Dense_0"], by_hand.softmax(seen))[:, 0]
  apart = np.log1p(np.exp(np.where(np.arange(2 * N) < N, -1, 1) * score))
  weighed = sureness(seen) if sums is None else sureness(seen) / np.repeat(sums, N)
  label_loss = by_hand.cross_entropy(logits[:N], batch.ys, batch.ws)[0]
  return label_loss, (weighed * apart).sum() / 2, abs(crossing).mean(), sureness(seen)


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("toalign", weight=0.7, on_bridge=0.3, depth=0)
  params = central.double(ts.params)
  net, bridge, critic = (params[n] for n in ("net", "bridge", "critic"))
  kernel = net["head"]["kernel"] - bridge["kernel"]
  w = losses(net, bridge, critic, (kernel, None))[-1]
  constant = kernel.copy(), np.array([w[:N].sum(), w[N:].sum()])

  def by_network(tree):
    label_loss, domain_loss, size, _ = losses(tree["net"], tree["bridge"], critic, constant)
    return label_loss - STRENGTH * domain_loss + 0.3 * size

  grads = central.slopes(by_network, {"net": net, "bridge": bridge})
  grads["critic"] = central.slopes(lambda c: losses(net, bridge, c, constant)[1], critic)
  label_loss, domain_loss, size, _ = losses(net, bridge, critic, constant)
  by_hand.assert_step(ts, *step(), grads, label_loss + domain_loss + 0.3 * size)


def test_what_does_not_classify_is_left_out_and_the_length_stays():
  f, w = (
    jnp.array([[3.0, 4.0, 0.0], [0.0, 0.0, 5.0]]),
    jnp.array([[1.0, 0.0, 2.0], [1.0, 1.0, 0.0]]),
  )
  found = toalign.prioritised(f, w)
  np.testing.assert_allclose(found, [[5.0, 0.0, 0.0], [0.0, 0.0, 0.0]], atol=1e-5)
  assert np.isfinite(found).all()
