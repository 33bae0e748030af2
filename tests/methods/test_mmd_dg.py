"""MMD between sources by hand."""

import by_hand
import jax
import numpy as np

TOY = {"margin": 0.15}
GOLDEN = {"label_loss": 0.5098503, "loss": 1.657609, "mmd_loss": 1.147758}


def mmd(f, where):
  """(squared MMD of two domains under seven kernels added up, its gradient by the features)."""
  signed = np.where(where == 0, 1 / (where == 0).sum(), -1 / (where == 1).sum())
  pairs = np.outer(signed, signed)
  apart = f[:, None] - f  # [b, b, d]
  value, slope = 0.0, np.zeros_like(f)
  for gamma in 10.0 ** np.arange(-3, 4):
    kernel = pairs * np.exp(-gamma * (apart**2).sum(-1))
    value += kernel.sum()
    slope += (-4 * gamma * kernel[:, :, None] * apart).sum(1)  # each pair twice
  return value, slope


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("mmd_dg", weight=0.6)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  value, slope = mmd(out.f, np.asarray(batch.ds).argmax(1))
  grads = by_hand.backward(out, df=0.6 * slope, dl=dl)
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": grads}, label_loss + 0.6 * value)
