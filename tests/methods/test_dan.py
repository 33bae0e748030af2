"""DAN equals its MMD, under each estimate, written by hand."""

import by_hand
import kernels_by_hand
import numpy as np
import pytest

from adapt import methods, models

# Its steps take longer without optimisation than the compiler does with it.
TOY = {"margin": 0.1, "optimised": True}
GOLDEN = {"label_loss": 0.5778593, "loss": 0.5847998, "mmd_loss": 0.006940484}


@pytest.mark.parametrize(
  ("layers", "estimate"),
  [("features", "unbiased"), ("logits", "linear"), ("both", "biased"), ("both", "unbiased")],
)
def test_one_step_equals_the_step_by_hand(layers, estimate):
  ts, step = by_hand.start("dan", weight=3.0, layers=layers, estimate=estimate)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  grads = [by_hand.backward(source, dl=dl)]
  w = kernels_by_hand.signs(by_hand.B, by_hand.B, estimate)
  for layer, name in (("features", "df"), ("logits", "dl")):
    if layers in (layer, "both"):
      z = np.concatenate([o.f if layer == "features" else o.l for o in (source, target)])
      k, slope = kernels_by_hand.kernel(z)
      loss += 3 * (w * k).sum()
      dz = 3 * kernels_by_hand.by_points(z, w * slope)
      grads.append(by_hand.backward(source, **{name: dz[: by_hand.B]}))
      grads.append(by_hand.backward(target, **{name: dz[by_hand.B :]}))
  by_hand.assert_step(ts, *step(), {"net": by_hand.added(*grads)}, loss)


@pytest.mark.parametrize(
  ("given", "message"),
  [
    ({"layers": "fc7"}, "choose features, logits or both"),
    ({"estimate": "fast"}, "choose from biased, unbiased, linear"),
  ],
)
def test_unknown_choices_are_refused(given, message):
  with pytest.raises(ValueError, match=message):
    methods.get("dan")(models.build("mlp", 2), **given)
