"""The order by content, and the division by the mean."""

import numpy as np
import pytest

from adapt.weights._content import by_content, clipped, mean_one, refuse_unfit


def test_the_order_follows_the_examples():
  x = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
  moved = x[np.random.default_rng(1).permutation(300)]
  order = by_content(x)
  assert sorted(order) == list(range(300))
  np.testing.assert_array_equal(moved[by_content(moved)], x[order])


def test_the_order_is_random():
  # The first half is like the second: it may serve as a sample.
  x = np.sort(np.random.default_rng(0).normal(size=(2000, 1)), axis=0)
  ordered = x[by_content(x), 0]
  assert ordered[:1000].mean() == pytest.approx(ordered[1000:].mean(), abs=0.1)
  assert abs(np.corrcoef(ordered[:-1], ordered[1:])[0, 1]) < 0.1


def test_mean_one():
  np.testing.assert_allclose(mean_one(np.array([1.0, 3.0]), "kliep"), [0.5, 1.5])
  assert mean_one(np.ones(2), "kliep").dtype == np.float32
  with pytest.raises(ValueError, match="kliep gives every source example weight 0"):
    mean_one(np.zeros(3), "kliep")


def test_clipping_by_hand():
  # Ratios 1, 1, 2, 8 at clip 2: the last is clipped, the others share 4 − 2 in proportion 1:1:2.
  w = clipped(np.log([1.0, 1.0, 2.0, 8.0]), 2.0, "kliep")
  np.testing.assert_allclose(w, [0.5, 0.5, 1.0, 2.0], rtol=1e-6)
  np.testing.assert_allclose(clipped(np.zeros(3), 1.0, "kliep"), 1.0)
  np.testing.assert_allclose(clipped(np.array([-np.inf, 5.0]), 2.0, "kliep"), [0.0, 2.0])


def test_ratios_beyond_floats_are_ordered():
  w = clipped(np.array([1e5, 5e4, 0.0, -5e4]), 1.6, "gaussian")
  np.testing.assert_allclose(w, [1.6, 1.6, 0.8, 0.0], rtol=1e-6)


def test_clipping_refuses_the_impossible():
  with pytest.raises(ValueError, match="choose at least 1"):
    clipped(np.zeros(3), 0.5, "kliep")
  with pytest.raises(ValueError, match=r"weight to 1 of 3 .* a larger bandwidth or clip"):
    clipped(np.array([0.0, -np.inf, -np.inf]), 2.0, "kliep")


def test_unfit_inputs():
  x = np.ones((3, 2))
  with pytest.raises(ValueError, match="kliep has 3 source and 1 target examples: give at least 2"):
    refuse_unfit("kliep", x, x[:1], 2)
  for bad in (np.nan, np.inf):
    with pytest.raises(ValueError, match="clean them"):
      refuse_unfit("kliep", x, bad * x, 2)
