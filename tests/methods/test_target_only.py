"""target_only equals empirical risk on target labels, written by hand; it starts from scratch."""

import by_hand

from adapt import methods

# Target labels are its gain: there is no term to switch off.
TOY = {"margin": 0.15, "null": False}
GOLDEN = {"label_loss": 0.6009624, "loss": 0.6009624}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("target_only")
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xl)
  loss, dl = by_hand.cross_entropy(out.l, batch.yl)
  by_hand.assert_step(ts, *step(), {"net": by_hand.backward(out, dl=dl)}, loss)


def test_is_an_upper_bound_from_scratch_on_all_labels():
  method = methods.traits("target_only", {})
  assert method.starts == "scratch" and method.reads == ("all_labelled",)
