"""What every weighting promises, whatever it computes."""

import numpy as np
import pytest

from adapt import weights


@pytest.fixture(scope="module")
def shifted():
  """A source of two unequal classes and a target shifted towards the rare one."""
  rng = np.random.default_rng(0)
  ys = (rng.random(200) < 0.2).astype(np.int32)
  xs = rng.normal(size=(200, 3)) + 1.5 * ys[:, None]
  return xs.astype(np.float32), ys, (rng.normal(size=(150, 3)) + 0.8).astype(np.float32)


def test_names_are_the_files():
  assert {"class_balanced", "discriminator", "kmm"} <= set(weights.names())
  assert all(weights.get(name).__name__ == name for name in weights.names())


def test_an_unknown_name_lists_the_known_ones():
  with pytest.raises(ValueError, match="class_balanced, discriminator"):
    weights.get("nothing")


@pytest.mark.parametrize("name", weights.names())
def test_contract(name, shifted):
  xs, ys, xt = shifted
  w = weights.get(name)(xs, ys, xt)
  assert w.shape == (len(xs),)
  assert w.dtype == np.float32
  assert (w >= 0).all()
  assert w.mean() == pytest.approx(1.0, abs=1e-5)
  np.testing.assert_array_equal(w, weights.get(name)(xs, ys, xt))


@pytest.mark.parametrize("name", weights.names())
def test_order_of_examples_plays_no_part(name, shifted):
  xs, ys, xt = shifted
  order = np.random.default_rng(1).permutation(len(xs))
  w = weights.get(name)(xs, ys, xt)
  moved = weights.get(name)(xs[order], ys[order], xt[::-1])
  np.testing.assert_allclose(moved, w[order], rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", weights.names())
def test_weighted_source_mean_moves_towards_the_target(name, shifted):
  xs, ys, xt = shifted
  w = weights.get(name)(xs, ys, xt)
  before = np.linalg.norm(xs.mean(axis=0) - xt.mean(axis=0))
  after = np.linalg.norm((w[:, None] * xs).mean(axis=0) - xt.mean(axis=0))
  assert after < 0.8 * before


def test_the_weighted_shares_are_those_of_the_classes():
  found = weights.summary(np.array([3.0, 1.0, 0.0, 0.0]), np.array([0, 2, 2, 1]))
  assert found["weighted_shares"] == [0.75, 0, 0.25]
  assert found["effective_share"] == pytest.approx(16 / 10 / 4)
  assert set(weights.summary(np.ones(2), np.ones((2, 1), np.float32))) == {"effective_share"}


def test_the_effective_share_is_that_of_examples_that_count():
  assert weights.effective_share(np.ones(7)) == pytest.approx(1)
  assert weights.effective_share(np.array([1, 1, 0, 0, 0, 0, 0, 0])) == pytest.approx(0.25)
  assert weights.effective_share(np.zeros(3)) == 0
