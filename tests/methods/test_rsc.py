"""RSC equals the muted features written by hand; a shortcut of each source apart is given up."""

import between_sources
import by_hand
import jax
import numpy as np
import pytest
import spurious

from adapt import methods, models

GOLDEN = {"label_loss": 0.8804544, "loss": 0.8804544, "muted": 0.140625}


def kept(out, ys, muted, examples):
  """Of each example the features below the quantile of their column, in those that lose most."""
  kernel, bias = out.p["head"]["kernel"], out.p["head"]["bias"]
  masks = np.stack([kernel[:, y] < np.quantile(kernel[:, y], 1 - muted) for y in ys])
  true = np.arange(len(ys)), ys
  after = by_hand.softmax((out.f * masks) @ kernel + bias)
  lost = by_hand.softmax(out.l)[true] - after[true]
  return np.where((lost >= np.quantile(lost, 1 - examples))[:, None], masks, 1.0), lost


# At a third of 100 features the quantile is one of them, and rounding says on which side.
@pytest.mark.parametrize(("muted", "examples"), [(0.35, 0.4), (0.6, 0.5)])
def test_one_step_equals_the_step_by_hand(muted, examples):
  ts, step = by_hand.start("rsc", muted=muted, examples=examples)
  batch = by_hand.batch()
  out = by_hand.forward(ts.params["net"], batch.xs)
  mask, lost = kept(out, np.asarray(batch.ys), muted, examples)
  assert len(set(lost)) == by_hand.B and 0 < (mask == 0).mean() < muted * examples + 0.1
  kernel, bias = out.p["head"]["kernel"], out.p["head"]["bias"]
  loss, dl = by_hand.cross_entropy((out.f * mask) @ kernel + bias, batch.ys, batch.ws)
  grads = by_hand.backward(out, df=mask * (dl @ kernel.T))
  grads["head"] = {"kernel": (out.f * mask).T @ dl, "bias": dl.sum(0)}
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": grads}, loss)


def test_a_share_outside_its_range_is_refused():
  with pytest.raises(ValueError, match="a share lies between"):
    methods.get("rsc")(models.build("mlp", 2), muted=1.5)


@pytest.mark.adapts("rsc")
def test_a_shortcut_of_each_source_apart_is_given_up():
  sources, target = between_sources.SOURCES, between_sources.TARGET
  found, null = (spurious.reached(name, sources, target) for name in ("rsc", "source_only"))
  assert found > 0.8 and null < 0.3
