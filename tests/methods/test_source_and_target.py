"""S+T equals one cross-entropy over source and labelled target, written by hand."""

import by_hand
import numpy as np
import pytest

# Target labels are its gain: there is no term to switch off.
TOY = {"margin": 0.15, "null": False}
GOLDEN = {"loss": 0.6449087, "source_loss": 0.6191928, "target_loss": 0.6706246}


@pytest.mark.parametrize("weight", [0.0, 1.0, 3.0])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("source_and_target", weight=weight)
  batch = by_hand.batch()
  source, few = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xl))
  source_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  few_loss, df = by_hand.cross_entropy(few.l, batch.yl)
  grads = by_hand.added(
    by_hand.backward(source, dl=dl / (1 + weight)),
    by_hand.backward(few, dl=weight * df / (1 + weight)),
  )
  total = (source_loss + weight * few_loss) / (1 + weight)
  by_hand.assert_step(ts, *step(), {"net": grads}, total)


def test_weight_one_is_the_mean_over_both_halves():
  ts, step = by_hand.decided("source_and_target")
  batch = by_hand.batch()
  whole = by_hand.forward(ts.params["net"], np.concatenate([batch.xs, batch.xl]))
  share = np.asarray(batch.ws) / batch.ws.mean()
  labels = np.concatenate([batch.ys, batch.yl])
  loss, _ = by_hand.cross_entropy(whole.l, labels, np.concatenate([share, np.ones(by_hand.B)]))
  np.testing.assert_allclose(step()[1]["loss"], loss, rtol=1e-5)
