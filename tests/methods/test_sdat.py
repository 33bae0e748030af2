"""SDAT equals its algorithm written by hand: up the task loss, then CDAN's gradient there."""

import by_hand
import jax
import numpy as np
import pytest
from test_mcc import confusion_by_loop

TOY = {"given": {"width": 32, "depth": 1}, "margin": 0.15}
GOLDEN = {"domain_loss": 0.7058002, "label_loss": 0.6826539, "loss": 1.388454}

B = by_hand.B
STRENGTH = 0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1)  # weight 0.7, progress 4 / 10


def task(net, confusion):
  """(task loss, its gradient by the network, outputs of both domains)."""
  batch = by_hand.batch()
  source, target = (by_hand.forward(net, x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l / 2)
  mixed, dp = confusion_by_loop(p)
  dt = confusion * by_hand.through_softmax(p, dp) / 2
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt))
  return label_loss + confusion * mixed, grads, (source, target)


@pytest.mark.parametrize(("radius", "confusion"), [(0.0, 0.0), (0.5, 0.8)])
def test_one_step_equals_the_step_by_hand(radius, confusion):
  ts, step = by_hand.decided("sdat", weight=0.7, radius=radius, confusion=confusion, depth=0)
  _, up, _ = task(ts.params["net"], confusion)
  length = np.sqrt(sum((g**2).sum() for g in jax.tree.leaves(up)))
  worst = jax.tree.map(
    lambda p, g: np.asarray(p, np.float64) + radius * g / length, ts.params["net"], up
  )
  task_loss, grads, (source, target) = task(worst, confusion)

  f = np.concatenate([source.f, target.f])
  p = by_hand.softmax(np.concatenate([source.l, target.l]))
  seen = (p[:, :, None] * f[:, None]).reshape(2 * B, -1)
  is_source = np.repeat([1.0, 0.0], B)
  domain_loss, dseen, critic = by_hand.linear_critic(
    ts.params["critic"], seen, is_source, np.full(2 * B, 0.5 / B)
  )
  df = -STRENGTH * (dseen.reshape(2 * B, p.shape[1], -1) * p[:, :, None]).sum(1)
  parts = [
    by_hand.backward(o, df=d) for o, d in zip((source, target), (df[:B], df[B:]), strict=True)
  ]
  total = task_loss + domain_loss
  by_hand.assert_step(ts, *step(), {"net": by_hand.added(grads, *parts), "critic": critic}, total)
