"""FixMatch equals its paper written by hand: weak views label strong ones, without a gradient."""

import by_hand
import numpy as np
import pytest

from adapt.augment import weak_and_strong

TOY = {"given": {"threshold": 0.8}, "layouts": {"threshold": 0.6}, "margin": 0.02}
GOLDEN = {"label_loss": 0.5861432, "loss": 0.7133572, "pseudo_loss": 0.127214, "sure": 0.3125}


@pytest.fixture(autouse=True)
def _known_views(monkeypatch):
  monkeypatch.setattr(weak_and_strong, "weak", lambda key, x, *_: 1.2 * x)
  monkeypatch.setattr(weak_and_strong, "strong", lambda key, x, noise, *_: x - noise)


@pytest.mark.parametrize("weight", [0.0, 3.0])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("fixmatch", weight=weight, threshold=0.6, noise=0.7)
  batch = by_hand.batch()
  inputs = (1.2 * batch.xs, 1.2 * batch.xt, batch.xt - 0.7)
  source, weak, strong = (by_hand.forward(ts.params["net"], x) for x in inputs)
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  sure = by_hand.softmax(weak.l).max(1) >= 0.6
  assert 0 < sure.sum() < by_hand.B
  assert ((weak.l.argmax(1) != strong.l.argmax(1)) & sure).any()
  share = sure.sum() / by_hand.B  # by_hand divides by the sure ones, FixMatch by the batch
  pseudo_loss, dt = by_hand.cross_entropy(strong.l, weak.l.argmax(1), sure)
  grads = by_hand.added(
    by_hand.backward(source, dl=dl), by_hand.backward(strong, dl=weight * share * dt)
  )
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, {"net": grads}, label_loss + weight * share * pseudo_loss)
  np.testing.assert_allclose(metrics["sure"], share)
