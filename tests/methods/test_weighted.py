"""weighted equals λ · target risk + (1 - λ) · source risk, written by hand, λ fixed and ramped."""

import by_hand
import numpy as np
import pytest

from adapt import methods, models

# Target labels are its gain: there is no term to switch off.
TOY = {"margin": 0.15, "null": False}
GOLDEN = {"loss": 0.6449087, "source_loss": 0.6191928, "target_loss": 0.6706246}


@pytest.mark.parametrize("ramped", [False, True])
def test_one_step_equals_the_step_by_hand(ramped):
  ts, step = by_hand.start("weighted", balance=0.3, ramped=ramped)
  batch = by_hand.batch()
  share = 0.3 * (2 / (1 + np.exp(-10 * 0.4)) - 1 if ramped else 1)  # progress is 4 / 10
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xl))
  source_loss, ds = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  target_loss, dt = by_hand.cross_entropy(target.l, batch.yl)
  grads = by_hand.added(
    by_hand.backward(source, dl=(1 - share) * ds), by_hand.backward(target, dl=share * dt)
  )
  loss = share * target_loss + (1 - share) * source_loss
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)


def test_a_share_outside_0_to_1_is_refused():
  with pytest.raises(ValueError, match="between 0 and 1"):
    methods.get("weighted")(models.build("mlp", 2), balance=1.5)
