"""DSAN equals the local MMD of its paper written by hand; target probabilities only weigh."""

import by_hand
import kernels_by_hand
import numpy as np

# Its steps take longer without optimisation than the compiler does with it.
TOY = {"optimised": True}
GOLDEN = {"label_loss": 0.5961558, "local_loss": 0.1782991, "loss": 0.7053277}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("dsan", weight=5.0, ramp=2.0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  strength = 5 * (2 / (1 + np.exp(-2 * 0.4)) - 1)  # progress is 4 / 10

  f = np.concatenate([source.f, target.f])
  k, slope = kernels_by_hand.kernel(f)
  p, ys = by_hand.softmax(target.l), np.asarray(batch.ys)
  compared = sorted(set(ys) & set(p.argmax(1)))
  w = np.zeros_like(k)
  for c in compared:
    ws, wt = (ys == c) / (ys == c).sum(), p[:, c] / p[:, c].sum()
    w[:n, :n] += np.outer(ws, ws) / len(compared)
    w[n:, n:] += np.outer(wt, wt) / len(compared)
    w[:n, n:] -= 2 * np.outer(ws, wt) / len(compared)
  local_loss = (w * k).sum()
  df = strength * kernels_by_hand.by_points(f, w * slope)
  grads = by_hand.added(
    by_hand.backward(source, df=df[:n], dl=dl), by_hand.backward(target, df=df[n:])
  )
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + strength * local_loss)
