"""A user's convolutions: XLA's numbers and gradients, in forms that are fast on a CPU."""

from unittest import mock

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from adapt.models import general_conv, layers, modules

KEY = jax.random.key(0)


def outcome(layer, x, fast):
  """What a layer gives and its gradients by inputs and parameters, by XLA or by us."""
  own = layer.clone(conv_general_dilated=general_conv.conv_general_dilated if fast else None)
  params = own.init(KEY, x)
  loss = lambda params, x: jnp.sum(jnp.sin(own.apply(params, x)))
  return own.apply(params, x), jax.grad(loss, (0, 1))(params, x)


LAYERS = [
  nn.Conv(6, (3, 3)),  # SAME
  nn.Conv(6, (5, 3), padding="VALID"),
  nn.Conv(6, (3, 3), strides=2, use_bias=False),
  nn.Conv(6, (3, 3), padding=((2, 0), (1, 1))),
  nn.Conv(16, (3, 3), feature_group_count=16),  # depthwise
  nn.Conv(6, (1, 1)),
  nn.Conv(6, (5,), strides=2),
  nn.Conv(6, (4,), padding="CAUSAL"),
  nn.Conv(6, (3, 3), padding="CIRCULAR"),
]


@pytest.mark.parametrize("channels", [2, 16])
@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_numbers_and_gradients_are_xla_s(layer, channels):
  if layer.feature_group_count > 1:
    channels = layer.feature_group_count
  # No more rows than eight: of more test_winograd.py has what tiles round off.
  shape = (2, *(8, 9)[: len(layer.kernel_size)], channels)
  x = jax.random.normal(jax.random.key(1), shape)
  with mock.patch.object(general_conv, "layers", wraps=layers) as ours:
    fast = outcome(layer, x, True)
  assert ours.method_calls
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
    fast,
    outcome(layer, x, False),
  )


@pytest.mark.parametrize(
  "layer",
  [
    nn.Conv(6, (3, 3), kernel_dilation=2),
    nn.Conv(6, (3, 3), strides=(1, 2)),
    nn.Conv(6, (3, 3), feature_group_count=2),
    nn.Conv(6, (2, 2, 2)),
    nn.Conv(6, (3, 3), precision="highest"),
  ],
  ids=["dilated", "strides", "groups", "volumes", "precision"],
)
def test_what_it_does_not_know_is_left_to_xla(layer):
  x = jax.random.normal(KEY, (2, *(6,) * len(layer.kernel_size), 4))
  with mock.patch.object(general_conv, "layers", wraps=layers) as ours:
    fast = outcome(layer, x, True)
  assert not ours.method_calls
  jax.tree.map(np.testing.assert_array_equal, fast, outcome(layer, x, False))


class Linen(nn.Module):
  classes: int

  @nn.compact
  def __call__(self, x):
    return nn.Dense(self.classes)(nn.relu(nn.Conv(4, (3, 3))(x)).reshape(len(x), -1))


class Nnx(nnx.Module):
  def __init__(self, classes, rngs):
    self.conv = nnx.Conv(1, 4, (3, 3), rngs=rngs)
    self.out = nnx.Linear(64, classes, rngs=rngs)

  def __call__(self, x):
    return self.out(nnx.relu(self.conv(x)).reshape(len(x), -1))


@pytest.mark.parametrize("network", [Linen, Nnx])
def test_a_user_s_layers_take_it_in_training_alone(network):
  net = modules.as_factory(network)(3)
  # Whole numbers, whose sums are the same in any order: others end near 0 with other last digits.
  whole = lambda values: jax.tree.map(lambda a: jnp.round(4 * a), values)
  x = whole(jax.random.normal(KEY, (2, 4, 4, 1)))
  params, stats = net.init(KEY, x)
  params = whole(params)
  with mock.patch.object(general_conv, "layers", wraps=layers) as ours:
    seen = net.apply(params, stats, x, False, None)[0]
    assert not ours.method_calls
    trained = net.apply(params, stats, x, True, KEY)[0]
  assert ours.method_calls
  assert any(np.abs(a).max() > 1 for a in jax.tree.leaves(seen))
  jax.tree.map(np.testing.assert_array_equal, seen, trained)
