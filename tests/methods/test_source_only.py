"""source_only equals weighted empirical risk written by hand."""

import by_hand

GOLDEN = {"label_loss": 0.5961557, "loss": 0.5961557}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("source_only")
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  by_hand.assert_step(ts, *step(), {"net": by_hand.backward(out, dl=dl)}, loss)
