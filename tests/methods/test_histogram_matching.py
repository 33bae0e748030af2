"""Histogram matching equals scikit-image's, ranks stay, and one step equals the step by hand."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pixels_by_hand as pixels
import pytest

from adapt import methods, models
from adapt.methods.histogram_matching import matched

# Vectors have no histograms, so that on them it is source_only: there is nothing to switch off.
TOY = {"given": {}, "null": False}
GOLDEN = {"label_loss": 0.5961558, "loss": 0.5961558}

REFERENCE = pytest.importorskip("skimage.exposure").match_histograms


@pytest.mark.parametrize("levels", [7, 256])
def test_images_are_matched_as_by_scikit_image(levels):
  rng = np.random.default_rng(levels)
  source = rng.integers(0, levels, (3, 9, 8, 3)) * 1.0  # of integers it truncates
  target = rng.integers(0, 90, (3, 9, 8, 3)) // 7 * 9.0
  expected = np.stack(
    [REFERENCE(s, t, channel_axis=-1) for s, t in zip(source, target, strict=True)]
  )
  as_seen = lambda x: jnp.asarray(x / 127.5 - 1, jnp.float32)
  np.testing.assert_allclose(
    matched(as_seen(source), as_seen(target)), as_seen(expected), atol=1e-5
  )


def test_distinct_values_become_the_targets_own_in_the_sources_order():
  source, target = np.random.default_rng(1).normal(size=(2, 2, 11, 3)).astype(np.float32)
  found = np.asarray(matched(jnp.asarray(source), jnp.asarray(target)))
  np.testing.assert_array_equal(np.sort(found, axis=1), np.sort(target, axis=1))
  np.testing.assert_array_equal(found.argsort(axis=1), source.argsort(axis=1))


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = pixels.start("histogram_matching", weight=weight)
  batch = pixels.batch()
  xs, xt = np.asarray(batch.xs), np.asarray(batch.xt)
  moved = np.stack([REFERENCE(s, t, channel_axis=-1) for s, t in zip(xs, xt, strict=True)])
  source = pixels.forward(ts.params["net"], xs + weight * (moved - xs))
  label_loss, dl = pixels.label_loss(source, batch.ys, batch.ws)
  grads = by_hand.backward(source, dl=dl)
  by_hand.assert_step(ts, *step(ts), {"net": grads}, label_loss)


def test_vectors_are_told_of():
  method = methods.get("histogram_matching")(models.build("mlp", by_hand.K))
  with pytest.warns(UserWarning, match="leaves vectors as they are"):
    method.init(jax.random.key(0), by_hand.batch())
  with pytest.raises(ValueError, match="a share lies between"):
    methods.get("histogram_matching")(models.build("mlp", 2), weight=1.5)
