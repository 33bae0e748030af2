"""JAN equals the joint MMD of its paper written by hand: kernels of the layers multiplied."""

import by_hand
import kernels_by_hand
import numpy as np
import pytest

from adapt import methods, models

# Its steps take longer without optimisation than the compiler does with it.
TOY = {"margin": 0.15, "optimised": True}
GOLDEN = {"joint_loss": 0.00620079, "label_loss": 0.5769341, "loss": 0.5784528}


@pytest.mark.parametrize("estimate", ["biased", "unbiased", "linear"])
def test_one_step_equals_the_step_by_hand(estimate):
  ts, step = by_hand.start("jan", weight=5.0, ramp=2.0, estimate=estimate)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  strength = 5 * (2 / (1 + np.exp(-2 * 0.4)) - 1)  # progress is 4 / 10

  f = np.concatenate([source.f, target.f])
  logits = np.concatenate([source.l, target.l])
  p = by_hand.softmax(logits)
  (kf, by_f), (kp, by_p) = kernels_by_hand.kernel(f), kernels_by_hand.kernel(p, [1.68])
  w = kernels_by_hand.signs(n, n, estimate)
  joint_loss = (w * kf * kp).sum()
  df = strength * kernels_by_hand.by_points(f, w * by_f * kp)
  dp = strength * kernels_by_hand.by_points(p, w * kf * by_p)
  dj = by_hand.through_softmax(p, dp)

  grads = by_hand.added(
    by_hand.backward(source, df=df[:n], dl=dl + dj[:n]),
    by_hand.backward(target, df=df[n:], dl=dj[n:]),
  )
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + strength * joint_loss)


def test_an_unknown_estimate_is_refused():
  with pytest.raises(ValueError, match="choose from biased, unbiased, linear"):
    methods.get("jan")(models.build("mlp", 2), estimate="fast")
