"""linear_probe keeps the features, not only the body's parameters."""

import jax
import numpy as np
import pytest

from adapt.tuning.linear_probe import linear_probe

TRAINABLE = ["head"]


@pytest.mark.compares("the untuned network's features")
def test_training_mode_changes_neither_features_nor_statistics(tiny, x):
  net, key = linear_probe().wrap(tiny, 0.0), jax.random.key(0)
  params, stats = net.init(key, x)
  (trained, _), new = net.apply(params, stats, x, True, key)
  (expected, _), _ = tiny.apply(*tiny.init(key, x), x, False, None)
  np.testing.assert_array_equal(trained, expected)
  jax.tree.map(np.testing.assert_array_equal, new, stats)
  (noisy, _), moved = tiny.apply(*tiny.init(key, x), x, True, key)  # as it would be otherwise
  assert not np.allclose(noisy, expected)
  assert not np.array_equal(moved["mean"], stats["inner"]["mean"])
