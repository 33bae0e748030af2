"""Pseudo-Label equals its paper written by hand: its own classes as labels, a linear ramp, a threshold."""

import by_hand
import numpy as np
import pytest

from adapt import methods, models

TOY = {"margin": 0.03}
GOLDEN = {"label_loss": 0.5961557, "loss": 0.5961557, "pseudo_loss": 0.5362151, "sure": 1.0}


@pytest.mark.parametrize(
  ("given", "strength"),
  [
    ({}, 3 * 0.6),  # progress is 4 / 10, between 0.1 and 0.6
    ({"weight": 2.0, "begin": 0.5}, 0.0),
    ({"weight": 2.0, "full": 0.3}, 2.0),
    ({"threshold": 0.8}, 3 * 0.6),
    ({"weight": 0.0}, 0.0),
  ],
)
def test_one_step_equals_the_step_by_hand(given, strength):
  ts, step = by_hand.decided("pseudo_label", **given)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l)
  sure = p.max(1) >= given.get("threshold", 0.0)
  assert sure.any() and (("threshold" in given) == (sure.sum() < by_hand.B))
  # Written out: a mean over all of the batch, those left out counting 0.
  pseudo_loss = -np.sum(np.log(p.max(1)) * sure) / by_hand.B
  dt = (p - np.eye(by_hand.K)[p.argmax(1)]) * sure[:, None] / by_hand.B
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=strength * dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + strength * pseudo_loss)


def test_a_ramp_that_ends_before_it_begins_is_refused():
  with pytest.raises(ValueError, match="choose begin below full"):
    methods.get("pseudo_label")(models.build("mlp", 2), begin=0.6, full=0.6)
