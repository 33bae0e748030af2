"""DALN equals its paper written by hand: the classifier raises the norms' difference, features lower it."""

import by_hand
import numpy as np

TOY = {"given": {"weight": 0.5}}
GOLDEN = {"apart": -0.006254897, "label_loss": 0.5799817, "loss": 0.5831092}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("daln", weight=0.8, ramp=2.0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  strength = 2 / (1 + np.exp(-2.0 * 0.4)) - 1
  loss, grads = label_loss, [by_hand.backward(source, dl=dl)]
  for out, sign in ((source, 1), (target, -1)):
    p = by_hand.softmax(out.l)
    u, s, v = np.linalg.svd(p, full_matrices=False)
    loss -= 0.8 * sign * s.sum() / n
    slope = by_hand.through_softmax(p, -0.8 * sign / n * u @ v)
    head = {"kernel": out.f.T @ slope, "bias": slope.sum(0)}
    # What reaches the features has changed its sign, and grows with the ramp.
    below = by_hand.backward(out, df=-strength * slope @ out.p["head"]["kernel"].T)
    grads.append({"hidden": below["hidden"], "head": head})
  by_hand.assert_step(ts, *step(), {"net": by_hand.added(*grads)}, loss)
