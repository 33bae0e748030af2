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
