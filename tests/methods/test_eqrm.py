"""EQRM equals the smoothed quantile of two risks by hand; a shortcut of the sources is not taken."""

import by_hand
import jax
import numpy as np
import pytest
import spurious
from scipy import stats

TOY = {"lr": 0.03, "layouts": {"share": 0.0}}
GOLDEN = {"label_loss": 0.6147458, "loss": 0.6438944, "quantile_loss": 0.6438944}


@pytest.mark.parametrize("share", [0.4, 0.5])  # progress is 0.4
def test_one_step_equals_the_step_by_hand(share):
  ts, step = by_hand.start("eqrm", quantile=0.8, share=share)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  (first, _, d_first), (second, _, d_second) = by_hand.risks(out.l, *batch[1:4])
  loss, dl = (first + second) / 2, (d_first + d_second) / 2
  if share == 0.4:
    # Of two numbers the root is their middle plus their distance times a number of the level alone.
    width = 1.06 * np.sqrt(0.5) * 2**-0.2
    grid = np.linspace(0, 4, 2_000_001)
    below = (stats.norm.cdf((grid - 0.5) / width) + stats.norm.cdf((grid + 0.5) / width)) / 2
    times = np.interp(0.8, below, grid)
    loss = loss + times * abs(first - second)
    dl = dl + times * np.sign(first - second) * (d_first - d_second)
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": by_hand.backward(out, dl=dl)}, loss)


@pytest.mark.adapts("eqrm")
def test_a_shortcut_that_the_sources_share_is_not_taken():
  found, null = (spurious.accuracy("eqrm", quantile=0.9, share=s) for s in (0.3, 1.0))
  assert found > null + 0.3 and null < 0.2  # 0.75 is the best there is
