"""Every network honours the contract of Net; the critic standardises by its own batch."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import models
from adapt.models.critic import critic

CLASSES = 7
IMAGES = np.random.default_rng(0).integers(0, 256, size=(4, 32, 32, 3), dtype=np.uint8)
X = jnp.asarray(IMAGES.astype(np.float32) / 127.5 - 1.0)
KEY = jax.random.key(0, impl="rbg")  # this generator compiles several times faster than the default
# The backbones have tests of their own, at sizes that compile in seconds.
# "normed" is the tests' own network, for vectors.
# Those of pixels have tests of their own (test_unet.py): their logits are [b, h, w, k].
OTHERS = ("normed", "normed_pixels", "unet", "unet_bn")
SMALL = [n for n in models.names() if not models.has_backbone(n) and n not in OTHERS]
every_model = pytest.mark.parametrize("name", SMALL)
every_precision = pytest.mark.parametrize("precision", ["f32", "bf16"])


@functools.cache
def initialiser(name):
  return jax.jit(models.build(name, CLASSES).init)


@functools.cache
def built(name, precision="f32"):
  """A network's (params, stats), and its apply compiled once per mode."""
  params, stats = initialiser(name)(KEY, X)
  return params, stats, jax.jit(models.build(name, CLASSES, precision).apply, static_argnums=3)


def dtypes(tree):
  return {str(leaf.dtype) for leaf in jax.tree.leaves(tree)}


def test_helpers_are_no_models():
  assert {"lenet", "dtn", "mlp"} <= set(models.names())
  assert not {"critic", "layers", "linen", "pretrained", "resnet"} & set(models.names())


@pytest.mark.parametrize("name", sorted({*models.names()} - {"normed"}))
def test_every_listed_model_is_built(name):
  assert callable(models.build(name, CLASSES).apply)


@every_model
@every_precision
def test_shapes_and_types_in_evaluation(name, precision):
  params, stats, apply = built(name, precision)
  started = jax.eval_shape(models.build(name, CLASSES, precision).init, KEY, X)
  assert dtypes(started) <= {"float32"}
  assert jax.tree.structure(started) == jax.tree.structure((params, stats))
  (features, logits), _ = apply(params, stats, X, False, None)
  assert features.ndim == 2
  assert len(features) == 4
  assert logits.shape == (4, CLASSES)
  assert dtypes((features, logits)) == {"float32"}


@every_model
@every_precision
def test_training_keeps_shapes_and_types(name, precision):
  params, stats, _ = built(name, precision)
  train = lambda x: models.build(name, CLASSES, precision).apply(params, stats, x, True, KEY)
  (features, logits), new = jax.eval_shape(train, X)
  assert features.shape == (4, params["head"]["kernel"].shape[0])
  assert logits.shape == (4, CLASSES)
  assert dtypes((new, features, logits)) == {"float32"}
  shapes = lambda tree: jax.tree.map(jnp.shape, tree)
  assert shapes(new) == shapes(stats)


@every_model
def test_training_moves_every_statistic(name):
  params, stats, apply = built(name)
  _, new = apply(params, stats, X, True, KEY)
  assert all(jax.tree.leaves(jax.tree.map(lambda a, b: bool(np.any(a != b)), stats, new)))


@every_model
def test_bf16_multiplies_in_bf16_and_nearly_agrees(name):
  params, stats, apply = built(name)
  _, _, apply_rough = built(name, "bf16")
  program = apply_rough.lower(params, stats, X, False, None).as_text().splitlines()
  products = [line for line in program if "dot_general" in line or "stablehlo.convolution" in line]
  assert len(products) >= 2
  for line in products:
    assert "f32" not in line.replace("bf16", "")
  (_, exact), _ = apply(params, stats, X, False, None)
  (_, rough), _ = apply_rough(params, stats, X, False, None)
  np.testing.assert_allclose(rough, exact, atol=0.1)


@every_model
def test_bytes_are_scaled_to_minus_one_to_one(name):
  params, stats, apply = built(name)
  of_bytes, of_floats = (apply(params, stats, x, False, None)[0] for x in (jnp.asarray(IMAGES), X))
  for a, b in zip(of_bytes, of_floats, strict=True):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


@every_model
def test_head_is_the_last_linear_layer(name):
  params, stats, apply = built(name)
  kernel = jax.random.normal(KEY, params["head"]["kernel"].shape)
  bias = jnp.arange(CLASSES, dtype=jnp.float32)  # by default zero, which would hide it
  params = {**params, "head": {"kernel": kernel, "bias": bias}}
  (features, logits), _ = apply(params, stats, X, False, None)
  np.testing.assert_allclose(logits, features @ kernel + bias, rtol=1e-4, atol=1e-4)


@every_model
def test_evaluation_treats_each_example_alone_and_changes_nothing(name):
  params, stats, apply = built(name)
  (_, logits), new = apply(params, stats, X, False, None)
  (_, beside_others), _ = apply(params, stats, X.at[1:].set(0.5), False, None)
  np.testing.assert_allclose(logits[0], beside_others[0], rtol=1e-4, atol=1e-5)
  assert np.any(logits[1:] != beside_others[1:])
  jax.tree.map(np.testing.assert_array_equal, stats, new)


@every_model
def test_start_depends_on_the_key_alone(name):
  params, _, _ = built(name)
  again, _ = initialiser(name)(KEY, X * 2)
  other, _ = initialiser(name)(jax.random.key(1, impl="rbg"), X)
  jax.tree.map(np.testing.assert_array_equal, params, again)
  assert np.any(other["head"]["kernel"] != params["head"]["kernel"])


@pytest.mark.parametrize("name", ["dtn", "lenet"])
def test_an_axis_averages_the_statistics_over_devices(name):
  params, stats, _ = built(name)
  net = models.build(name, CLASSES, axis="devices")
  shards = jnp.stack([X[:2], 3 * X[2:]])
  run = lambda x: net.apply(params, stats, x, True, KEY)[1]
  new = jax.jit(jax.vmap(run, axis_name="devices"))(shards)
  jax.tree.map(lambda s: np.testing.assert_allclose(s[0], s[1], rtol=1e-5), new)


def test_unknown_names_are_answered_with_the_choices():
  with pytest.raises(
    ValueError,
    match=r"unknown model 'linen' \(did you mean lenet\?\): choose from .*dtn, .*lenet, .*mlp",
  ):
    models.build("linen", 2)
  with pytest.raises(ValueError, match=r"unknown precision 'f16' .*: choose from f32, bf16"):
    models.build("mlp", 2, "f16")


FEATURES = jax.random.normal(KEY, (6, 5))


@functools.cache
def deep():
  made = critic(8, 2)
  return jax.jit(made.init)(KEY, FEATURES), jax.jit(made.apply)


def test_critic_gives_one_logit_per_example_in_any_order():
  params, apply = deep()
  logits = apply(params, FEATURES)
  assert logits.shape == (6,)
  order = jnp.array([3, 1, 5, 0, 2, 4])
  np.testing.assert_allclose(apply(params, FEATURES[order]), logits[order], rtol=1e-4, atol=1e-5)


def test_critic_standardises_by_its_own_batch():
  params, apply = deep()
  logits = apply(params, FEATURES)
  np.testing.assert_allclose(apply(params, FEATURES + 3.0), logits, rtol=1e-3, atol=1e-3)
  np.testing.assert_allclose(apply(params, 100 * FEATURES), logits, rtol=1e-2, atol=1e-2)
  assert np.ptp(logits) > 0.1  # not invariant because it is constant


def test_critic_by_hand():
  params, apply = deep()
  assert sorted(params) == ["BatchNorm_0", "BatchNorm_1", "Dense_0", "Dense_1", "Dense_2"]
  x = np.asarray(FEATURES)
  for i in range(2):
    x = x @ params[f"Dense_{i}"]["kernel"]  # the biases start at zero
    x = np.maximum((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5), 0)
  expected = (x @ params["Dense_2"]["kernel"])[:, 0]
  assert expected.min() < 0 < expected.max()
  np.testing.assert_allclose(apply(params, FEATURES), expected, rtol=1e-3, atol=1e-4)


def test_critic_of_depth_zero_is_linear():
  made = critic(8, 0)
  params = made.init(KEY, FEATURES)
  (layer,) = params.values()
  layer = {**layer, "bias": jnp.array([2.0])}
  logits = made.apply({"Dense_0": layer}, FEATURES)
  np.testing.assert_allclose(logits, (FEATURES @ layer["kernel"])[:, 0] + 2.0, rtol=1e-5)
