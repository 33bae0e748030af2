"""layers against XLA's own convolution and flax's own pooling, values and gradients."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from adapt.models.layers import (
  Conv,
  Depthwise,
  conv,
  conv_by_patches,
  conv_max_pool,
  conv_max_pool_by_blocks,
  depthwise,
  depthwise_by_slices,
  max_pool,
  overlapping_max_pool,
  same,
)


def normal(seed, *shape):
  return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


X, KERNEL = normal(0, 2, 9, 11, 3), normal(1, 5, 3, 3, 4)  # nothing square, all sizes odd
CASES = [(1, 0), (2, 2), (2, 0), (3, 1)]


def native(x, kernel, stride, padding, groups=1):
  pads = padding if isinstance(padding, str) else [(padding, padding)] * 2
  return lax.conv_general_dilated(
    x,
    kernel,
    (stride, stride),
    pads,
    dimension_numbers=("NHWC", "HWIO", "NHWC"),
    feature_group_count=groups,
  )


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


def test_an_accelerator_takes_xlas_own_forms_with_the_same_numbers(monkeypatch):
  kernel, x = normal(5, 5, 3, 1, 3), normal(7, 2, 9, 11, 3)

  def outputs():
    yield conv(x, KERNEL, 2, 1, train=True)
    yield depthwise(x, kernel, 2, ((1, 2), (0, 1)))
    yield overlapping_max_pool(x, 3, 2, 1, train=True)
    yield conv_max_pool(x, KERNEL)

  def names():
    return {e.primitive.name for e in jax.make_jaxpr(lambda: tuple(outputs()))().eqns}

  on_cpu, wanted = list(outputs()), {"conv_general_dilated", "reduce_window_max"}
  assert not wanted & names()
  monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
  assert wanted <= names()
  close(list(outputs()), on_cpu)


@pytest.mark.parametrize("shape", [(2, 6, 8, 3), (2, 7, 5, 3)], ids=["fits", "remainder"])
@pytest.mark.parametrize("window", [2, 3])
def test_pooling_and_its_gradients_are_flaxs(shape, window):
  x = normal(2, *shape)
  size = (window, window)
  expected = with_gradients(lambda v: nn.max_pool(v, size, size))(x)
  close(with_gradients(lambda v: max_pool(v, window))(x), expected)


@pytest.mark.parametrize("window", [(1, 1), (2, 3), (3, 3), (5, 5), (5, 2)], ids=str)
@pytest.mark.parametrize("height", [6, 9])
def test_blocks_and_their_gradients_are_xlas_convolution_pooled(window, height):
  x, kernel = normal(8, 2, height, 8, 3), normal(9, *window, 3, 4)
  pooled = lambda v, k: nn.max_pool(native(v, k, 1, 0), (2, 2), (2, 2))
  expected = with_gradients(pooled)(x, kernel)
  close(with_gradients(conv_max_pool_by_blocks)(x, kernel), expected)
  close(conv_max_pool(x, kernel), expected[0])


@pytest.mark.parametrize(("stride", "padding"), CASES)
def test_depthwise_convolution_and_its_gradients_are_xlas(stride, padding):
  kernel = normal(5, 5, 3, 1, 3)
  expected = with_gradients(lambda x, k: native(x, k, stride, padding, groups=3))(X, kernel)
  close(
    with_gradients(lambda x, k: depthwise_by_slices(x, k, stride, padding))(X, kernel), expected
  )
  close(depthwise(X, kernel, stride, padding), expected[0])


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 3, 5])
def test_padding_that_keeps_the_size_is_tensorflows(size, stride):
  kernel = normal(6, size, size, 3, 4)
  for x in (X, X[:, :8, :10]):
    expected = native(x, kernel, stride, "SAME")
    for train in (True, False):
      close(conv(x, kernel, stride, same(x, size, stride), train=train), expected)


def test_overlapping_pooling_and_its_gradients_are_flaxs():
  x = normal(7, 2, 7, 8, 3) - 3.0  # negative: padding with zeros would show
  pads = ((1, 1), (1, 1))
  expected = with_gradients(lambda v: nn.max_pool(v, (3, 3), (2, 2), pads))(x)
  for train in (True, False):
    pool = lambda v, train=train: overlapping_max_pool(v, 3, 2, 1, train=train)
    close(with_gradients(pool)(x), expected)


def test_modules_take_linens_parameters_without_bias_and_with_same_padding():
  kernel = normal(8, 3, 3, 3, 4)
  linens = nn.Conv(4, (3, 3), strides=2, padding="SAME", use_bias=False)
  expected = linens.apply({"params": {"kernel": kernel}}, X)
  ours = Conv(4, 3, 2, "same", use_bias=False)
  close(ours.apply({"params": {"kernel": kernel}}, X, True), expected)
  assert list(ours.init(jax.random.key(0), X, False)["params"]) == ["kernel"]
  kernel = normal(9, 3, 3, 1, 3)
  linens = nn.Conv(3, (3, 3), strides=2, padding="SAME", use_bias=False, feature_group_count=3)
  ours = Depthwise(3, 2, "same")
  variables = {"params": {"kernel": kernel}}
  close(ours.apply(variables, X), linens.apply(variables, X))
  made = ours.init(jax.random.key(0), X)["params"]["kernel"]
  assert made.shape == kernel.shape


def test_conv_module_takes_linens_parameters():
  ours, linens = Conv(4, 3, stride=2, padding=1), nn.Conv(4, (3, 3), strides=2, padding=1)
  params = {"kernel": normal(3, 3, 3, 3, 4), "bias": normal(4, 4)}
  expected = linens.apply({"params": params}, X)
  for train in (True, False):
    close(ours.apply({"params": params}, X, train), expected)
  made = ours.init(jax.random.key(0), X, False)["params"]
  assert jax.tree.map(jnp.shape, made) == jax.tree.map(jnp.shape, params)
