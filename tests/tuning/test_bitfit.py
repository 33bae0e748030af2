"""bitfit moves normalisation's biases, not its scales, and lets running statistics move."""

import jax
import numpy as np
import pytest

from adapt.tuning.bitfit import bitfit

TRAINABLE = ["head", "conv/bias", "block/dense/bias", "block/norm/bias"]


@pytest.mark.compares("the untuned network's features and statistics")
def test_scales_are_frozen_and_statistics_are_not(tiny, x):
  net, key = bitfit().wrap(tiny, 0.0), jax.random.key(0)
  params, stats = net.init(key, x)
  assert set(params["block"]["norm"]) == {"bias"}
  assert set(stats["frozen"]["block"]["norm"]) == {"scale"}
  (features, _), new = net.apply(params, stats, x, True, key)
  (expected, _), inner = tiny.apply(*tiny.init(key, x), x, True, key)
  np.testing.assert_array_equal(features, expected)
  np.testing.assert_array_equal(new["inner"]["mean"], inner["mean"])
  assert not np.array_equal(new["inner"]["mean"], stats["inner"]["mean"])
