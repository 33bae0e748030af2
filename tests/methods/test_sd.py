"""SD equals the risk and the logits' mean square written by hand."""

import by_hand
import numpy as np

TOY = {"given": {"weight": 0.03}}
GOLDEN = {"label_loss": 0.9807292, "loss": 0.9947548, "square": 0.4675197}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("sd", weight=0.8)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  share = np.asarray(batch.ws, np.float64)
  share /= share.sum()
  loss = label_loss + 0.8 * share @ (out.l**2).mean(1)
  dl = dl + 0.8 * share[:, None] * 2 * out.l / by_hand.K
  by_hand.assert_step(ts, *step(), {"net": by_hand.backward(out, dl=dl)}, loss)
