"""Backbones by name: shapes of all, and one tiny network through everything that stands on them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from adapt import models
from adapt.models.backbones import BACKBONES, classifier, extractor, in_colour

KEY = jax.random.key(0, impl="rbg")
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
WIDTHS = {
  "resnet18": 512,
  "resnet34": 512,
  "resnet50": 2048,
  "resnet101": 2048,
  "efficientnet_lite0": 1280,
  "vit_b16": 768,
  "minilm": 384,
}


@pytest.fixture
def backbone(monkeypatch):
  monkeypatch.setitem(BACKBONES, "tiny", tiny.SMALLEST)


def shapes(tree):
  return jax.tree.map(jnp.shape, tree)


@pytest.mark.parametrize("name", sorted(BACKBONES))
def test_every_backbone_is_a_network_with_a_bottleneck(name):
  assert name in models.names() and models.has_backbone(name)
  side = BACKBONES[name].side
  kind = jax.ShapeDtypeStruct((2, side, side, 3), jnp.uint8)
  if side == 0:
    kind = jax.ShapeDtypeStruct((2, 8), jnp.int32)
  net = models.build(name, 5, "bf16")
  params, stats = jax.eval_shape(net.init, KEY, kind)
  assert sorted(params) == ["backbone", "bottleneck", "head", "norm"]
  assert params["bottleneck"]["kernel"].shape == (WIDTHS[name], 256)
  assert {leaf.dtype for leaf in jax.tree.leaves((params, stats))} == {jnp.dtype("float32")}
  init, apply = models.extractor(name, "bf16")
  variables = jax.eval_shape(init, KEY, kind)
  assert shapes(variables["params"]) == shapes(params["backbone"])
  assert shapes(variables.get("batch_stats")) == shapes(stats.get("backbone"))
  features = jax.eval_shape(apply, variables, kind)
  assert (features.shape, features.dtype) == ((2, WIDTHS[name]), jnp.float32)


def test_other_networks_have_none():
  assert not models.has_backbone("lenet")
  with pytest.raises(ValueError, match="model lenet has no backbone to freeze: leave out --freeze"):
    models.build("lenet", 2, freeze="norm")


@pytest.mark.parametrize("name", ["vit_b16", "minilm"])
def test_networks_without_statistics_refuse_to_freeze_them(name):
  with pytest.raises(ValueError, match=f"model {name} has no batch statistics to freeze"):
    models.build(name, 2, freeze="norm")


def test_unknown_names_are_answered_with_the_choices():
  with pytest.raises(
    ValueError, match=r"unknown backbone 'lenet' .*: choose from efficientnet_lite0, m"
  ):
    extractor("lenet")
  with pytest.raises(ValueError, match="unknown precision 'f16'"):
    models.extractor("resnet18", "f16")


def moved(old, new):
  return jax.tree.leaves(jax.tree.map(lambda a, b: bool(np.any(a != b)), old, new))


@pytest.mark.parametrize("freeze", ["none", "norm", "backbone"])
def test_frozen_statistics_stay_and_the_bottlenecks_move(freeze, backbone):
  net = models.build("tiny", 3, freeze=freeze)
  params, stats = jax.jit(net.init)(KEY, IMAGES)
  _, new = jax.jit(lambda p, s: net.apply(p, s, IMAGES, True, None))(params, stats)
  assert shapes(new) == shapes(stats)
  assert all(moved(stats["norm"], new["norm"]))
  assert set(moved(stats["backbone"], new["backbone"])) == {freeze == "none"}


def test_gradients_reach_every_parameter_of_the_backbone(backbone):
  net = classifier("tiny", 3)
  params, stats = jax.jit(net.init)(KEY, IMAGES)

  def loss(params):
    (_, logits), _ = net.apply(params, stats, IMAGES, True, None)
    return (logits * jnp.arange(12.0).reshape(4, 3)).sum()

  grads = jax.jit(jax.grad(loss))(params)
  assert all(bool(np.any(g != 0)) for g in jax.tree.leaves(grads["backbone"]))


def test_an_axis_averages_the_backbones_statistics(backbone):
  params, stats = jax.jit(classifier("tiny", 3).init)(KEY, IMAGES)
  net = classifier("tiny", 3, axis="devices")
  run = lambda x: net.apply(params, stats, x, True, None)[1]
  shards = jnp.stack([IMAGES[:2], IMAGES[2:] // 2])
  new = jax.jit(jax.vmap(run, axis_name="devices"))(shards)
  jax.tree.map(lambda s: np.testing.assert_allclose(s[0], s[1], rtol=1e-4, atol=1e-6), new)


def test_extractor_reads_bytes_floats_and_grey_images(backbone):
  init, apply = extractor("tiny")
  variables, apply = jax.jit(init)(KEY, IMAGES), jax.jit(apply)
  features = apply(variables, IMAGES)
  assert features.shape == (4, 4)
  np.testing.assert_allclose(apply(variables, IMAGES / np.float32(127.5) - 1), features, atol=1e-4)
  grey = IMAGES[..., :1]
  np.testing.assert_allclose(
    apply(variables, grey), apply(variables, np.repeat(grey, 3, axis=-1)), atol=1e-5
  )
  assert np.abs(apply(variables, grey) - features).max() > 1e-3


def test_only_images_of_one_channel_are_repeated():
  tokens = jnp.ones((2, 1), jnp.int32)
  assert in_colour(tokens) is tokens
  assert in_colour(jnp.ones((2, 4, 4, 3))).shape == (2, 4, 4, 3)
  assert in_colour(jnp.ones((2, 4, 4, 1))).shape == (2, 4, 4, 3)
