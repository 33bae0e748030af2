"""Styles mixed and contents swapped, against NumPy's moments."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.losses import styles

X = np.random.default_rng(0).normal(2, 3, (5, 7)).astype(np.float32)
OTHER = jnp.asarray([3, 0, 1, 4, 2])


def moments(x):
  return x.mean(1), x.var(1, ddof=1)


def test_a_mixed_style_has_the_moments_between_and_the_content_it_had():
  own = np.linspace(0, 1, 5, dtype=np.float32)[:, None]
  found = styles.style_mixed(jnp.asarray(X), OTHER, jnp.asarray(own))
  for ours, theirs in zip(moments(np.asarray(found)), moments(X), strict=True):
    expected = own[:, 0] * theirs + (1 - own[:, 0]) * theirs[np.asarray(OTHER)]
    np.testing.assert_allclose(ours, expected, rtol=1e-4)
  again, was = (styles.parted(jnp.asarray(v))[0] for v in (found, X))
  np.testing.assert_allclose(again, was, atol=1e-5)
  np.testing.assert_allclose(found[4], X[4], atol=1e-4)


def test_swapped_content_comes_in_ones_own_style_and_is_a_constant():
  found = styles.content_swapped(jnp.asarray(X), OTHER)
  for ours, theirs in zip(moments(np.asarray(found)), moments(X), strict=True):
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
  np.testing.assert_allclose(
    styles.parted(found)[0], styles.parted(jnp.asarray(X))[0][OTHER], atol=1e-5
  )
  # What the first gives to its partner's row is no reason to change the first.
  slope = jax.grad(lambda x: styles.content_swapped(x, OTHER)[1].sum())(jnp.asarray(X))
  assert slope[1].any() and not slope[0].any()


def test_maps_have_a_style_for_each_channel_which_is_a_constant():
  x = np.random.default_rng(1).normal(2, 3, (3, 4, 5, 2)).astype(np.float32)
  other, own = jnp.asarray([1, 2, 0]), np.array([0.0, 0.3, 1.0], np.float32)
  found = np.asarray(styles.maps_mixed(jnp.asarray(x), other, jnp.asarray(own)))
  for moment in (np.mean, lambda v, axis: np.std(v, axis=axis, ddof=1)):
    was, now = moment(x, axis=(1, 2)), moment(found, axis=(1, 2))
    np.testing.assert_allclose(now, own[:, None] * was + (1 - own[:, None]) * was[other], rtol=1e-4)
  np.testing.assert_allclose(found[2], x[2], rtol=1e-4, atol=1e-5)
  slope = jax.grad(lambda x: styles.maps_mixed(x, other, jnp.asarray(own))[0].sum())(jnp.asarray(x))
  scale = np.std(x[1], axis=(0, 1), ddof=1) / np.std(x[0], axis=(0, 1), ddof=1)
  np.testing.assert_allclose(slope[0], np.broadcast_to(scale, (4, 5, 2)), rtol=1e-4)
  assert not slope[1:].any()
  one_place = styles.maps_mixed(jnp.asarray(x[:, :1, :1]), other, jnp.asarray(own))
  assert np.isfinite(one_place).all()
