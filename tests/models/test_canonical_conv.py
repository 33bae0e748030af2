"""canonical_conv against XLA's own convolution: values, gradients, gradients of gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from adapt.models.canonical_conv import canonical_conv
from adapt.models.layers import conv


def normal(seed, *shape):
  return jnp.asarray(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


def native(x, kernel, pads):
  return lax.conv_general_dilated(
    x, kernel, (1, 1), pads, dimension_numbers=("NHWC", "HWIO", "NHWC")
  )


def lengths(f, pads):
  """(value, squared length of its gradients, the gradients of that): of first and second order."""

  def squared(x, kernel):
    y, back = jax.vjp(lambda x, k: f(x, k, pads), x, kernel)
    grads = back(jnp.sin(y))
    return sum((g**2).sum() for g in grads), (y, grads)

  return jax.jit(jax.grad(squared, (0, 1), has_aux=True))


# Nothing square, an even side, more zeros on one side than on the other; none at all.
@pytest.mark.parametrize("pads", [((0, 2), (1, 0)), ((0, 0), (0, 0))], ids=["uneven", "none"])
def test_values_and_gradients_of_two_orders_are_xlas(pads):
  x, kernel = normal(0, 2, 6, 5, 3), 0.3 * normal(1, 3, 2, 3, 4)
  expected = lengths(native, pads)(x, kernel)
  given = lengths(canonical_conv, pads)(x, kernel)
  jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-3), given, expected)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the form is for the CPU")
def test_training_takes_it_for_windows_of_many_channels_alone():
  def taken(*shape, stride=1, side=6):
    x, kernel = normal(0, 1, side, 6, shape[2]), normal(1, *shape)
    jaxpr = jax.make_jaxpr(lambda x, k: conv(x, k, stride, 1, train=True))(x, kernel)
    return any("custom_vjp" in e.primitive.name for e in jaxpr.eqns)

  assert taken(3, 3, 8, 2) and taken(3, 3, 8, 2, side=4)
  assert not taken(3, 3, 8, 2, side=3)  # of images no larger than the window patches are faster
  assert not any((taken(3, 3, 3, 2), taken(1, 3, 8, 2), taken(3, 3, 8, 2, stride=2)))
  # Winograd's tiles are faster of more than eight rows, and of windows of three.
  assert taken(3, 3, 8, 2, side=8) and not taken(3, 3, 8, 2, side=9) and taken(5, 5, 8, 2, side=9)
