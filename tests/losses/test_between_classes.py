"""Discrepancies of pairs of classes against loops over classes, and what they leave out."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.spatial.distance import cdist

from adapt.losses import between_classes

rng = np.random.default_rng(0)
FS, FT = rng.normal(size=(12, 3)), 1.5 * rng.normal(size=(9, 3)) + 0.5
YS, YT = np.arange(12) % 4, np.array([0, 1, -1, 3, 0, 1, 3, -1, 1])  # no target example of class 2


def scales_by_loop(fs, ft, ys, yt, classes):
  """The mean squared distance of distinct examples, for each pair of classes."""
  found = np.ones((classes, classes))
  for c in set(ys):
    for d in set(yt) - {-1}:
      both = np.concatenate([fs[ys == c], ft[yt == d]])
      found[c, d] = cdist(both, both, "sqeuclidean").sum() / (len(both) * (len(both) - 1))
  return found


def mmd_by_loop(fs, ft, ys, yt, classes, scales):
  there = set(ys) & set(yt)
  found = np.zeros((classes, classes))
  for c in there:
    for d in there:
      x, y = fs[ys == c], ft[yt == d]
      for sign, a, b in ((1, x, x), (1, y, y), (-2, x, y)):
        for multiple in (0.25, 0.5, 1, 2, 4):
          scale = multiple * scales[c, d]
          found[c, d] += sign * np.exp(-cdist(a, b, "sqeuclidean") / scale).mean()
  return found


def test_mmd_equals_a_loop_over_pairs_of_classes():
  expected = mmd_by_loop(FS, FT, YS, YT, 5, scales_by_loop(FS, FT, YS, YT, 5))
  found = between_classes.mmd(*map(jnp.float32, (FS, FT)), jnp.array(YS), jnp.array(YT), 5)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
  assert (expected[[0, 1, 3]][:, [0, 1, 3]] > 0).all()
  assert not expected[2].any() and not expected[:, 2].any()  # the source's class 2 has no partner


def test_bandwidths_are_constants_and_examples_without_a_label_get_no_gradient():
  def own(ft):
    return between_classes.mmd(jnp.float32(FS), ft, jnp.array(YS), jnp.array(YT), 4)[0, 1]

  slope = jax.grad(own)(jnp.float32(FT))
  assert not slope[YT != 1].any()
  scales = scales_by_loop(FS, FT, YS, YT, 4)
  by_hand, step = np.zeros_like(FT), 1e-5
  for i in np.ndindex(*FT.shape):
    moved = [
      FT + sign * step * (np.arange(FT.size) == np.ravel_multi_index(i, FT.shape)).reshape(FT.shape)
      for sign in (1, -1)
    ]
    up, down = (mmd_by_loop(FS, ft, YS, YT, 4, scales)[0, 1] for ft in moved)
    by_hand[i] = (up - down) / (2 * step)
  np.testing.assert_allclose(slope, by_hand, rtol=1e-3, atol=1e-5)


def test_equal_examples_have_no_discrepancy_and_finite_gradients():
  one, y = jnp.ones((4, 3)), jnp.zeros(4, int)
  value, slope = jax.value_and_grad(lambda f: between_classes.mmd(f, one, y, y, 2).sum())(one)
  assert value == 0 and np.isfinite(slope).all()
