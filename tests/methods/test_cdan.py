"""CDAN equals its paper written by hand, with and without entropy weights."""

import by_hand
import jax
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.15}
GOLDEN = {"domain_loss": 0.7048551, "label_loss": 0.6551642, "loss": 1.360019}

B = by_hand.B
IS_SOURCE = np.repeat([1.0, 0.0], B)
STRENGTH = 0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1)  # weight 0.7, progress 4 / 10


def products(f, p, maps):
  """(what the critic sees, function from its gradient to that of the features)."""
  if not maps:
    seen = np.stack([np.kron(p[i], f[i]) for i in range(len(f))])
    return seen, lambda d: (d.reshape(len(f), p.shape[1], -1) * p[:, :, None]).sum(1)
  by_f, by_p = (np.asarray(maps[n], np.float64) for n in ("features", "classes"))
  scale = p @ by_p / np.sqrt(by_f.shape[1])
  return (f @ by_f) * scale, lambda d: (d * scale) @ by_f.T


def weighing(p):
  """(weights, function from their gradient to that of the logits)."""
  h = -(p * np.log(p)).sum(1)
  w = 1 + np.exp(-h)
  dh = -p * (np.log(p) + h[:, None])  # [b, k] of each entropy by its logits
  return w, lambda dw: (dw * -np.exp(-h))[:, None] * dh


@pytest.mark.parametrize("entropy", [False, True])
@pytest.mark.parametrize("limit", [4096, 0])
def test_one_step_equals_the_step_by_hand(entropy, limit):
  ts, step = by_hand.start("cdan", weight=0.7, entropy=entropy, depth=0, limit=limit, samples=5)
  assert bool(ts.state["maps"]) == (limit == 0)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  f, logits = np.concatenate([source.f, target.f]), np.concatenate([source.l, target.l])
  p = by_hand.softmax(logits)
  seen, to_features = products(f, p, ts.state["maps"])
  w, to_logits = weighing(p) if entropy else (np.ones(2 * B), None)
  sums = np.repeat([w[:B].sum(), w[B:].sum()], B)
  domain_loss, dseen, critic = by_hand.linear_critic(
    ts.params["critic"], seen, IS_SOURCE, w / sums / 2
  )
  df = -STRENGTH * to_features(dseen)
  grads = [
    by_hand.backward(source, df=df[:B], dl=dl),
    by_hand.backward(target, df=df[B:]),
  ]
  if entropy:
    score = seen @ np.asarray(ts.params["critic"]["Dense_0"]["kernel"], np.float64)[:, 0]
    losses = np.log1p(np.exp(-np.where(IS_SOURCE == 1, score, -score)))
    dlogits = -STRENGTH * to_logits(losses / sums / 2)
    grads += [by_hand.backward(source, dl=dlogits[:B]), by_hand.backward(target, dl=dlogits[B:])]
  after, metrics = step()
  by_hand.assert_step(
    ts, after, metrics, {"net": by_hand.added(*grads), "critic": critic}, label_loss + domain_loss
  )
  jax.tree.map(np.testing.assert_array_equal, after.state["maps"], ts.state["maps"])


def test_no_random_dimension_is_refused():
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("cdan")(models.build("mlp", 2), samples=0)
