"""Information maximisation equals mutual information written by hand; diversity keeps all classes."""

import by_hand
import numpy as np
import pytest

from adapt.losses import ops

TOY = {"margin": 0.05}
GOLDEN = {
  "entropy_loss": 0.6712795,
  "label_loss": 0.6019218,
  "loss": 0.5805911,
  "marginal_entropy": 0.6926103,
}


@pytest.mark.parametrize("diversity", [0.0, 1.0, 0.3])
def test_one_step_equals_the_step_by_hand(diversity):
  ts, step = by_hand.start("information_maximisation", weight=0.8, diversity=diversity)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l)
  q = p.mean(0)
  information = -diversity * (q * np.log(q)).sum() + (p * np.log(p)).sum(1).mean()
  dp = -0.8 * (-diversity * (np.log(q) + 1) + np.log(p) + 1) / by_hand.B
  dt = by_hand.through_softmax(p, dp)
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss - 0.8 * information)


def test_one_class_for_all_has_no_information_and_one_each_the_most():
  sure = 100 * np.eye(3, dtype=np.float32)
  same, each = sure[[0, 0, 0]], sure
  information = [float(ops.marginal_entropy(v) - ops.entropy(v).mean()) for v in (same, each)]
  np.testing.assert_allclose(information, [0, np.log(3)], atol=1e-6)
