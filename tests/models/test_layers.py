"""layers against XLA's own convolution and flax's own pooling, values and gradients."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from adapt.models.layers import Conv, conv, conv_by_patches, max_pool


def normal(seed, *shape):
  return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


X, KERNEL = normal(0, 2, 9, 11, 3), normal(1, 5, 3, 3, 4)  # nothing square, all sizes odd
CASES = [(1, 0), (2, 2), (2, 0), (3, 1)]


def native(x, kernel, stride, padding):
  pads, dims = [(padding, padding)] * 2, ("NHWC", "HWIO", "NHWC")
  return lax.conv_general_dilated(x, kernel, (stride, stride), pads, dimension_numbers=dims)


def with_gradients(f):
  """(value, gradients) of f under a fixed cotangent that differs everywhere."""

  def run(*arguments):
    y, back = jax.vjp(f, *arguments)
    return y, back(jnp.cos(jnp.arange(y.size, dtype=y.dtype)).reshape(y.shape))

  return jax.jit(run)


def close(a, b):
  jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, rtol=1e-4, atol=1e-4), a, b)


@pytest.mark.parametrize(("stride", "padding"), CASES)
def test_convolution_and_its_gradients_are_xlas(stride, padding):
  expected = with_gradients(lambda x, k: native(x, k, stride, padding))(X, KERNEL)
  assert expected[0].dtype == jnp.float32
  close(with_gradients(lambda x, k: conv_by_patches(x, k, stride, padding))(X, KERNEL), expected)
  close(conv(X, KERNEL, stride, padding, train=True), expected[0])
  close(conv(X, KERNEL, stride, padding, train=False), expected[0])


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="patches are for the CPU")
def test_training_on_a_cpu_takes_the_patches_and_evaluation_does_not():
  def primitives(train):
    jaxpr = jax.make_jaxpr(lambda x, k: conv(x, k, 2, 1, train=train))(X, KERNEL)
    return {e.primitive.name for e in jaxpr.eqns}

  assert "conv_general_dilated" not in primitives(train=True)
  assert "conv_general_dilated" in primitives(train=False)


@pytest.mark.parametrize("shape", [(2, 6, 8, 3), (2, 7, 5, 3)], ids=["fits", "remainder"])
@pytest.mark.parametrize("window", [2, 3])
def test_pooling_and_its_gradients_are_flaxs(shape, window):
  x = normal(2, *shape)
  size = (window, window)
  expected = with_gradients(lambda v: nn.max_pool(v, size, size))(x)
  close(with_gradients(lambda v: max_pool(v, window))(x), expected)


def test_conv_module_takes_linens_parameters():
  ours, linens = Conv(4, 3, stride=2, padding=1), nn.Conv(4, (3, 3), strides=2, padding=1)
  params = {"kernel": normal(3, 3, 3, 3, 4), "bias": normal(4, 4)}
  expected = linens.apply({"params": params}, X)
  for train in (True, False):
    close(ours.apply({"params": params}, X, train), expected)
  made = ours.init(jax.random.key(0), X, False)["params"]
  assert jax.tree.map(jnp.shape, made) == jax.tree.map(jnp.shape, params)
