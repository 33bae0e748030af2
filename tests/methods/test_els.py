"""ELS equals its paper written by hand: labels of 1 − smoothing and smoothing."""

import by_hand
import numpy as np
import pytest

from adapt import methods, models

TOY = {"steps": 800, "given": {"width": 32, "depth": 1}, "margin": 0.1}
GOLDEN = {"domain_loss": 0.748583, "label_loss": 0.6551642, "loss": 1.403747}


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_one_step_equals_the_step_by_hand(smoothing):
  ts, step = by_hand.start("els", weight=0.7, smoothing=smoothing, depth=0)
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  labels = np.repeat([1 - smoothing, smoothing], n)
  domain_loss, slope, critic = by_hand.linear_critic(
    ts.params["critic"], np.concatenate([source.f, target.f]), labels, np.full(2 * n, 0.5 / n)
  )
  df = -0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1) * slope
  grads = by_hand.added(
    by_hand.backward(source, df=df[:n], dl=dl), by_hand.backward(target, df=df[n:])
  )
  by_hand.assert_step(ts, *step(), {"net": grads, "critic": critic}, label_loss + domain_loss)


@pytest.mark.parametrize("smoothing", [0.5, -0.1])
def test_labels_that_say_nothing_or_the_opposite_are_refused(smoothing):
  with pytest.raises(ValueError, match="choose 0 to less than"):
    methods.get("els")(models.build("mlp", 2), smoothing=smoothing)
