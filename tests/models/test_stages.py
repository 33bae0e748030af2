"""Places between stages: which networks have them, and that a change there reaches the outputs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import models
from adapt.models import stages
from adapt.models.efficientnet import EfficientNet
from adapt.models.resnet import ResNet


def places(apply, most=9):
  """Shapes of the maps at each place, without their batch."""
  shapes = []

  def change(place, maps):
    shapes.append(maps.shape[1:])
    return maps

  with stages.between_stages(change, most) as changed:
    apply()
  assert changed == list(range(len(shapes)))
  return shapes


def shapes_of(module, side):
  x = jnp.zeros((2, side, side, 3))
  variables = jax.eval_shape(lambda: module.init(jax.random.key(0), x, False))
  return places(lambda: jax.eval_shape(lambda v: module.apply(v, x, False), variables))


def test_a_resnet_has_a_place_after_each_stage_but_the_last():
  found = shapes_of(ResNet((2, 1, 2), False, 4), 32)
  assert found == [(8, 8, 4), (4, 4, 8)]
  assert shapes_of(ResNet((1, 2), True, 4), 32) == [(8, 8, 16)]


def test_an_efficientnet_has_a_place_before_each_stride():
  found = [shape[:2] for shape in shapes_of(EfficientNet(), 64)]
  assert found == [(32, 32), (16, 16), (8, 8), (4, 4)]


@pytest.mark.parametrize(
  ("name", "expected"),
  [("lenet", [(12, 12, 20)]), ("dtn", [(14, 14, 64), (7, 7, 128)]), ("mlp", []), ("cnn_mcd", [])],
)
def test_small_networks(name, expected):
  net, x = models.build(name, 3), jnp.zeros((2, 28, 28, 1))
  params, stats = jax.eval_shape(net.init, jax.random.key(0), x)

  def apply():
    jax.eval_shape(lambda p, s: net.apply(p, s, x, False, None), params, stats)

  assert places(apply) == expected
  assert len(places(apply, most=1)) == min(len(expected), 1)


def test_the_change_is_what_the_next_stage_reads():
  module = ResNet((1, 1), False, 2)
  x = jnp.asarray(np.random.default_rng(0).normal(size=(2, 16, 16, 3)), jnp.float32)
  variables = jax.jit(lambda: module.init(jax.random.key(0), x, False))()
  run = lambda: jax.jit(lambda: module.apply(variables, x, False))()
  plain = run()
  with stages.between_stages(lambda place, maps: maps[::-1], 3):
    turned = run()
  np.testing.assert_allclose(turned, plain[::-1], rtol=1e-5)
  assert np.abs(plain[0] - plain[1]).max() > 1e-3
  np.testing.assert_array_equal(run(), plain)
