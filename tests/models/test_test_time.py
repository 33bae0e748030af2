import jax
import jax.numpy as jnp
import numpy as np
import pytest
from two_norms import BATCH, FORWARD, NET, inputs, model

from adapt.method import Net
from adapt.models import test_time


def test_the_sources_statistics_alone_are_evaluation_mode():
  params, stats = model()
  x = inputs(BATCH)
  expected, _ = NET.apply(params, stats, x, train=False, key=None)
  for ours, theirs in zip(FORWARD(params, stats, x, source=1.0), expected, strict=True):
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_statistics_are_mixed_by_hand():
  params, stats = model()
  x, share = inputs(BATCH), 0.3
  h = x
  for i in ("1", "2"):
    h = h @ params[f"dense{i}"]["kernel"] + params[f"dense{i}"]["bias"]
    kept, norm = stats[f"norm{i}"], params[f"norm{i}"]
    mean = share * kept["mean"] + (1 - share) * h.mean(0)
    var = share * kept["var"] + (1 - share) * h.var(0)
    h = jax.nn.relu((h - mean) / jnp.sqrt(var + 1e-5) * norm["scale"] + norm["bias"])
  logits = h @ params["head"]["kernel"] + params["head"]["bias"]
  np.testing.assert_allclose(FORWARD(params, stats, x, source=share)[1], logits, atol=1e-5)


def test_statistics_that_no_batch_norm_reads_are_refused():
  def apply(params, stats, x, train, key):
    return (x, x), stats

  other = test_time.Forward(Net(NET.init, apply))
  with pytest.raises(ValueError, match="BatchNorm"):
    other({}, {"mean": jnp.ones(4)}, inputs(2), source=1.0)


def test_weights_leave_examples_out_of_the_batchs_statistics():
  params, stats = model()
  x, used = inputs(BATCH), jnp.array([1.0, 0, 1, 1, 0, 1])
  (_, some), own = FORWARD.observed(params, stats, x, 0.3, weights=used)
  rows = np.flatnonzero(used)
  (_, alone), expected = FORWARD.observed(params, stats, x[rows], 0.3)
  np.testing.assert_allclose(some[rows], alone, atol=1e-5)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-5), own, expected)
  kept = FORWARD.observed(params, stats, x, 1.0)[1]
  jax.tree.map(np.testing.assert_array_equal, kept, stats)


def test_images_far_from_the_statistics_take_their_own():
  mean, var, errors = jnp.array([0.0, 3.0]), jnp.array([1.0, 0.5]), 2.0
  x = np.random.default_rng(0).normal([0.0, 1.0], [1.0, 3.0], (4, 5, 5, 2)).astype(np.float32)
  found = test_time._corrected(x, mean, var, errors, 1e-5)
  moved = False
  for i, c in np.ndindex(4, 2):
    pixels, wide = x[i, :, :, c].ravel(), var[c] + 1e-5
    limits = errors * np.sqrt(wide / 25), errors * wide * np.sqrt(2 / 24)
    for part, own, kept, limit in zip(
      found, (pixels.mean(), pixels.var(ddof=1)), (mean[c], var[c]), limits, strict=True
    ):
      apart = own - kept
      expected = kept + np.sign(apart) * max(abs(apart) - limit, 0)
      moved |= expected != kept
      assert part[i, 0, 0, c] == pytest.approx(float(expected), abs=1e-4)
  assert moved
  jax.tree.map(  # a vector has no pixels
    np.testing.assert_array_equal,
    FORWARD(*model(), inputs(BATCH), 1.0, instance=4.0),
    FORWARD(*model(), inputs(BATCH), 1.0),
  )
