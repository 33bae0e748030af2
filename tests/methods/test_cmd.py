"""CMD equals Definition 2 of its paper written by hand."""

import by_hand
import numpy as np
import pytest

from adapt import methods, models

# A weight that does not drown the labels.
TOY = {"given": {"weight": 0.1}}
GOLDEN = {"cmd_loss": 5.549311, "label_loss": 0.6083139, "loss": 1.163245}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("cmd", weight=0.7, moments=4, span=2.0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  s, t = source.f, target.f
  gap = s.mean(0) - t.mean(0)
  loss += 0.7 * np.sqrt((gap**2).sum()) / 2
  ds = np.tile(0.7 / 2 * gap / np.sqrt((gap**2).sum()) / n, (n, 1))
  dt = -ds
  for k in (2, 3, 4):
    cs, ct = s - s.mean(0), t - t.mean(0)
    gap = (cs**k).mean(0) - (ct**k).mean(0)
    length = np.sqrt((gap**2).sum())
    loss += 0.7 * length / 2**k
    slope = 0.7 / 2**k * gap / length
    # The second term: every example moves the mean that the others are centred by.
    ds = ds + slope * k / n * (cs ** (k - 1) - (cs ** (k - 1)).mean(0))
    dt = dt - slope * k / n * (ct ** (k - 1) - (ct ** (k - 1)).mean(0))
  grads = by_hand.added(by_hand.backward(source, df=ds, dl=dl), by_hand.backward(target, df=dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)


def test_no_moment_is_refused():
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("cmd")(models.build("mlp", 2), moments=0)
