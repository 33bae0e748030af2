"""ResNet against the published definition written out in NumPy; strides, statistics, names."""

import by_numpy
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tiny

from adapt.models.resnet import DEPTHS, ResNet, convert, resnet

IMAGES = by_numpy.Draws(0).images(2, 32)
both = pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])


def by_hand(state, x, bottleneck):
  mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])

  def step(x, conv, norm, stride):
    weight = state[f"{conv}.weight"]
    pad = weight.shape[-1] // 2
    x = by_numpy.conv(x, weight, stride, [(pad, pad)] * 2)
    return by_numpy.batch_norm(x, state, norm, 1e-5)

  relu = lambda x: np.maximum(x, 0)
  x = relu(step(((x + 1) / 2 - mean) / std, "conv1", "bn1", 2))
  x = by_numpy.max_pool(x, 3, 2, 1)
  for stage, depth in enumerate(tiny.DEPTHS):
    for i in range(depth):
      block, stride = f"layer{stage + 1}.{i}", 2 if stage > 0 and i == 0 else 1
      strides = (1, stride, 1) if bottleneck else (stride, 1)  # v1.5: in the 3×3
      y = x
      for j, s in enumerate(strides, start=1):
        y = step(y, f"{block}.conv{j}", f"{block}.bn{j}", s)
        y = relu(y) if j < len(strides) else y
      if f"{block}.downsample.0.weight" in state:
        x = step(x, f"{block}.downsample.0", f"{block}.downsample.1", stride)
      x = relu(x + y)
  return x.mean(axis=(1, 2))


@both
def test_features_are_those_of_the_published_network(bottleneck):
  state = tiny.state(bottleneck)
  module, variables = ResNet(tiny.DEPTHS, bottleneck, tiny.WIDTH), convert(state)
  started = jax.eval_shape(lambda: module.init(jax.random.key(0), IMAGES, train=False))
  assert jax.tree.map(jnp.shape, started) == jax.tree.map(jnp.shape, variables)
  expected = by_hand(state, IMAGES.astype(np.float64), bottleneck)
  assert expected.std() > 0.1
  apply = jax.jit(lambda v: module.apply(v, IMAGES, train=False))
  np.testing.assert_allclose(apply(variables), expected, atol=1e-4)
  # As in training: other forms of convolution and pooling, but with frozen statistics the same.
  frozen = ResNet(tiny.DEPTHS, bottleneck, tiny.WIDTH, frozen_norm=True)
  apply = jax.jit(lambda v: frozen.apply(v, IMAGES, train=True, mutable=["batch_stats"]))
  features, new = apply(variables)
  np.testing.assert_allclose(features, expected, atol=1e-4)
  jax.tree.map(np.testing.assert_array_equal, new["batch_stats"], variables["batch_stats"])


def test_training_takes_the_batchs_own_statistics_and_moves_all():
  module, variables = ResNet(tiny.DEPTHS, False, tiny.WIDTH), convert(tiny.state(False))
  apply = jax.jit(lambda v: module.apply(v, IMAGES, train=True, mutable=["batch_stats"]))
  features, new = apply(variables)
  assert np.abs(features - by_hand(tiny.state(False), IMAGES, False)).max() > 0.1
  old = variables["batch_stats"]
  moved = jax.tree.map(lambda a, b: bool(np.any(a != b)), new["batch_stats"], old)
  assert all(jax.tree.leaves(moved))


@pytest.mark.parametrize(
  ("layers", "width", "millions"),
  [(18, 512, 11.18), (34, 512, 21.28), (50, 2048, 23.51), (101, 2048, 42.50)],
)
def test_sizes_are_the_published_ones(layers, width, millions):
  """Parameters without the classifier: 11.69, 21.80, 25.56 and 44.55 million less 1000·(d + 1)."""
  assert set(DEPTHS) == {18, 34, 50, 101}
  module, x = resnet(layers), jnp.zeros((1, 32, 32, 3))
  shapes = jax.eval_shape(lambda: module.init(jax.random.key(0), x, train=False))
  features = jax.eval_shape(lambda v: module.apply(v, x, train=False), shapes)
  assert features.shape == (1, width)
  count = sum(leaf.size for leaf in jax.tree.leaves(shapes["params"]))
  assert round(count / 1e6, 2) == pytest.approx(millions, abs=0.011)


def test_other_entries_are_refused():
  with pytest.raises(ValueError, match=r"1 entries belong to no layer of it: patch_embed\.proj\.w"):
    convert({**tiny.state(True), "patch_embed.proj.weight": np.zeros((4, 3, 16, 16))})
