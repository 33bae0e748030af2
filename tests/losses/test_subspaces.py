"""The damped gradient of a singular value decomposition."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.losses import subspaces


def summed(svd, x):
  """What does not change with the vectors' signs."""
  u, s, v = svd(x)
  row = jnp.arange(1.0, x.shape[1] + 1)
  return (jnp.abs(u) * row).sum() + (s * row).sum() + (jnp.abs(v) * row**2).sum()


@pytest.mark.parametrize("shape", [(7, 4), (5, 5)])
def test_far_singular_values_have_the_gradient_of_jax(shape):
  x = jnp.asarray(np.random.default_rng(0).normal(size=shape), jnp.float32)

  def of_jax(x):
    u, s, vt = jnp.linalg.svd(x, full_matrices=False)
    return u, s, vt.T

  ours, theirs = (jax.grad(lambda x, f=f: summed(f, x))(x) for f in (subspaces.svd, of_jax))
  np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize("x", [np.ones((6, 3)), np.eye(6)[:, :3], np.zeros((6, 3))])
def test_equal_and_vanishing_singular_values_have_a_finite_gradient(x):
  assert np.isfinite(
    jax.grad(lambda x: summed(subspaces.svd, x))(jnp.asarray(x, jnp.float32))
  ).all()
