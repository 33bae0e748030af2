"""fine_tune equals empirical risk on the labelled target examples, written by hand; it starts warm."""

import by_hand

from adapt import methods

# Target labels are its gain: there is no term to switch off.
TOY = {"margin": 0.1, "null": False}
GOLDEN = {"label_loss": 0.6493324, "loss": 0.6493324}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("fine_tune")
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xl)
  loss, dl = by_hand.cross_entropy(out.l, batch.yl)
  by_hand.assert_step(ts, *step(), {"net": by_hand.backward(out, dl=dl)}, loss)


def test_starts_from_the_source_model_and_reads_only_declared_labels():
  method = methods.traits("fine_tune", {})
  assert method.starts == "source" and method.reads == ("labelled",)
