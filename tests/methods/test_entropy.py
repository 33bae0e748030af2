"""Entropy minimisation equals its formula written by hand."""

import by_hand
import numpy as np

TOY = {"given": {"weight": 1.0}, "margin": 0.05}
GOLDEN = {"entropy_loss": 0.6734306, "label_loss": 0.6077753, "loss": 1.281206}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("entropy", weight=0.8)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l)
  each = -(p * np.log(p)).sum(1)
  dt = -0.8 / by_hand.B * p * (np.log(p) + each[:, None])
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + 0.8 * each.mean())
