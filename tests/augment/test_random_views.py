"""Augmentation: what is drawn, that it depends on the key and the place alone, and what comes out."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
from PIL import Image

from adapt.augment import image_ops, named_views, random_views
from adapt.training import devices

SIDE, STORED = 16, 18
KEY = jax.random.key(3)
RNG = np.random.default_rng(0)
X = jnp.asarray(RNG.integers(0, 256, (8, STORED, STORED, 3)).astype(np.uint8))
KINDS = ["crop", "centre", "jitter"]

# Compiled once and shared: compilation is nearly all of the time.
COMPILED = {k: jax.jit(lambda key, x, k=k: named_views.train_view(key, x, k, SIDE)) for k in KINDS}
COMPILED["weak"] = jax.jit(random_views.weak)
COMPILED["strong"] = jax.jit(random_views.strong)
ALL = pytest.mark.parametrize("kind", COMPILED)


def size(kind):
  return SIDE if kind in KINDS else STORED


@ALL
def test_shape_type_and_range(kind):
  out = COMPILED[kind](KEY, X)
  assert out.shape == (8, size(kind), size(kind), 3) and out.dtype == jnp.float32
  assert -1.0001 < out.min() < -0.3 and 0.3 < out.max() < 1.0001


@pytest.mark.parametrize("kind", ["crop", "centre", "weak"])
def test_floats_and_bytes_give_the_same(kind):
  floats = X.astype(jnp.float32) / 127.5 - 1.0
  np.testing.assert_allclose(COMPILED[kind](KEY, floats), COMPILED[kind](KEY, X), atol=2e-5)


@ALL
def test_the_key_decides(kind):
  same, other = COMPILED[kind](KEY, X), COMPILED[kind](jax.random.key(4), X)
  np.testing.assert_array_equal(COMPILED[kind](KEY, X), same)
  assert jnp.abs(same - other).mean() > 0.05


@ALL
def test_no_retrace_for_another_key(kind):
  f = COMPILED[kind]
  f(KEY, X)
  before = f._cache_size()
  f(jax.random.key(5), X + 1)
  assert f._cache_size() == before


@ALL
def test_an_image_does_not_see_the_others(kind):
  others = X.at[3:].set(255 - X[3:, ::-1])
  out = COMPILED[kind](KEY, others)
  np.testing.assert_array_equal(out[:3], COMPILED[kind](KEY, X)[:3])
  assert jnp.abs(out[3:] - COMPILED[kind](KEY, X)[3:]).max() > 0.1


@pytest.mark.parametrize("kind", ["crop", "weak"])
def test_a_smaller_batch_draws_the_same(kind):
  few = COMPILED[kind](KEY, X[:3])
  np.testing.assert_allclose(few, COMPILED[kind](KEY, X)[:3], atol=2e-5)


@ALL
def test_equal_images_are_seen_differently(kind):
  same = jnp.broadcast_to(X[:1], X.shape)
  views = np.asarray(COMPILED[kind](KEY, same)).reshape(8, -1)
  assert len(np.unique(views.round(3), axis=0)) >= (2 if kind == "centre" else 6)


@pytest.mark.parametrize("kind", ["crop", "weak"])
def test_seeds_are_a_mapped_axis(kind):
  keys = jax.random.split(KEY, 2)
  both = jax.vmap(COMPILED[kind], in_axes=(0, None))(keys, X)
  for key, views in zip(keys, both, strict=True):
    np.testing.assert_allclose(views, COMPILED[kind](key, X), atol=2e-5)


def test_strong_views_on_an_accelerator_are_those_on_a_cpu(monkeypatch):
  """Computed side by side over images and seeds, instead of one after the other."""
  keys = jax.random.split(KEY, 2)
  on_cpu = [COMPILED["strong"](key, X) for key in keys]
  monkeypatch.setattr(random_views.jax, "default_backend", lambda: "gpu")
  both = jax.jit(jax.vmap(lambda key: random_views.strong(key, X)))(keys)
  np.testing.assert_allclose(both, on_cpu, atol=2e-5)


def test_devices_make_no_difference():
  spread = NamedSharding(devices.mesh(devices.Layout("sharding", 4)), P(devices.AXIS))
  out = COMPILED["strong"](KEY, jax.device_put(X, spread))
  np.testing.assert_allclose(out, COMPILED["strong"](KEY, X), atol=2e-5)


def test_grey_images_work():
  out = COMPILED["strong"](KEY, X[..., :1])
  assert out.shape == (8, STORED, STORED, 1) and bool(jnp.isfinite(out).all())


def test_none_leaves_everything_alone():
  for x in (X, jnp.ones((4, 7))):
    assert named_views.train_view(KEY, x, "none", SIDE) is x
    assert named_views.test_view(x, "none", SIDE) is x


def test_unknown_kinds_are_named_with_the_choices():
  for view in (
    lambda: named_views.train_view(KEY, X, "crops", 8),
    lambda: named_views.test_view(X, "x", 8),
  ):
    with pytest.raises(ValueError, match="choose from none, crop, centre, jitter"):
      view()


def test_vectors_are_refused():
  with pytest.raises(ValueError, match="augmentation crop needs images"):
    named_views.train_view(KEY, jnp.ones((4, 7)), "crop", SIDE)
  with pytest.raises(ValueError, match="augmentation jitter needs images"):
    named_views.test_view(jnp.ones((4, 7)), "jitter", SIDE)


def test_flips_half_of_the_images_left_to_right():
  x = jnp.broadcast_to(jnp.arange(4.0)[None, None, :, None], (400, 2, 4, 1))
  out = np.asarray(random_views.flip(KEY, x))[:, 0, :, 0]
  flipped = (out == [3, 2, 1, 0]).all(axis=1)
  assert ((out == [0, 1, 2, 3]).all(axis=1) ^ flipped).all()
  assert 0.4 < flipped.mean() < 0.6


def test_centre_crop_takes_the_middle():
  out = named_views.test_view(X, "crop", SIDE)
  np.testing.assert_allclose(out, np.asarray(X)[:, 1:17, 1:17] / 127.5 - 1.0, atol=1e-6)
  np.testing.assert_array_equal(named_views.test_view(X, "centre", SIDE), out)


def test_a_centre_crop_larger_than_the_image_is_refused():
  with pytest.raises(ValueError, match="images of 18 × 18 pixels are too small to crop 19"):
    random_views.centre_crop(X, 19)


def test_jitter_is_evaluated_on_the_whole_image():
  small = Image.fromarray(np.asarray(X[0])).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
  out = jax.jit(lambda x: named_views.test_view(x, "jitter", SIDE))(X)[0]
  np.testing.assert_allclose((out + 1) * 127.5, np.asarray(small).astype(float), atol=1.01)


def boxes(n, h, w, scale):
  f = jax.jit(jax.vmap(lambda k: random_views._box(k, h, w, scale, random_views.RATIO)))
  return np.asarray(f(jax.random.split(KEY, n))).T


def test_boxes_have_the_areas_and_shapes_asked_for():
  top, left, height, width = boxes(2000, 256, 256, (0.08, 1.0))
  assert (top >= 0).all() and (left >= 0).all()
  assert (top + height <= 256).all() and (left + width <= 256).all()
  np.testing.assert_array_equal(np.stack([top, left, height, width]) % 1, 0)
  area = height * width / 256**2
  assert 0.075 < area.min() < 0.1 and 0.9 < area.max() <= 1
  ratio = np.log(width / height)
  assert abs(ratio).max() < np.log(4 / 3) + 0.02 and abs(ratio.mean()) < 0.02
  assert abs(np.mean(top / np.maximum(256 - height, 1)) - 0.5) < 0.05


def test_the_first_box_that_fits_is_torchvisions_distribution():
  """Mean area of accepted boxes by rejection in NumPy, as torchvision draws them."""
  rng = np.random.default_rng(1)
  area = rng.uniform(0.08, 1, 40000)
  ratio = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3), 40000))
  fits = (np.sqrt(area * ratio) <= 1) & (np.sqrt(area / ratio) <= 1)
  _, _, height, width = boxes(2000, 256, 256, (0.08, 1.0))
  assert abs((height * width).mean() / 256**2 - area[fits].mean()) < 0.015


def test_where_no_box_fits_the_largest_is_taken():
  top, left, height, width = boxes(5, 8, 64, (0.9, 1.0))
  for values, expected in ((top, 0), (height, 8), (left, 26), (width, round(8 * 4 / 3))):
    np.testing.assert_array_equal(values, expected)


def test_a_crop_is_the_box_it_drew():
  @jax.jit
  def both(key, x):
    at = jax.vmap(lambda k: random_views._box(k, STORED, STORED, (0.08, 1.0), random_views.RATIO))
    box = at(random_views.keys(jax.random.split(key, 4)[0], x))
    by_hand = jax.vmap(lambda image, b: image_ops.resize_box(image, b, SIDE))(x * 1.0, box)
    return by_hand, box

  expected, box = both(KEY, X)
  assert len(np.unique(box, axis=0)) == 8
  out = np.asarray(COMPILED["crop"](KEY, X) + 1) * 127.5
  for view, image in zip(out, np.asarray(expected), strict=True):
    # Flipped or not: that is drawn apart.
    assert min(abs(view - image).max(), abs(view - image[:, ::-1]).max()) < 1e-3


@jax.jit
def shifted(key, x):
  return random_views.weak(key, x, mirror=False)


def test_weak_views_are_shifts_of_an_eighth_at_most():
  x = jnp.broadcast_to(jnp.arange(256, dtype=jnp.uint8).reshape(1, 16, 16, 1), (300, 16, 16, 1))
  middle = np.rint((np.asarray(shifted(KEY, x)) + 1) * 127.5)[:, 8, 8, 0] - 136
  down, right = np.rint(middle / 16), middle - 16 * np.rint(middle / 16)
  for moves in (down, right):
    assert set(moves) == {-2, -1, 0, 1, 2}
    assert np.bincount((moves + 2).astype(int)).min() > 35


def test_mirror_says_whether_weak_views_are_flipped():
  x = jnp.zeros((300, 16, 16, 1), jnp.uint8).at[:, :, :4].set(255)  # a bar on the left
  right_side = lambda views: np.asarray(views)[:, 8, 8:, 0].max(axis=1) > 0.5
  assert not right_side(shifted(KEY, x)).any()
  assert 0.2 < right_side(COMPILED["weak"](KEY, x)).mean() < 0.8


def strong_with(monkeypatch, operations, x, *args):
  """Strong views [b, ...] in grey levels with other operations than RandAugment's."""
  monkeypatch.setattr(image_ops, "RANDAUGMENT", operations)
  out = jax.jit(lambda key, x: random_views.strong(key, x, *args))(KEY, x)
  return (np.asarray(out) + 1) * 127.5


@pytest.mark.parametrize("mirror", [True, False])
def test_strong_views_are_weak_ones_with_a_grey_square(monkeypatch, mirror):
  out = strong_with(monkeypatch, {"identity": lambda x, level: x}, X, 1, 10.0, mirror)
  weak = COMPILED["weak"] if mirror else shifted
  weak = (np.asarray(weak(jax.random.split(KEY)[0], X)) + 1) * 127.5
  grey = (out == 127.5).all(axis=-1)
  np.testing.assert_allclose(out[~grey], weak[~grey], atol=1e-3)
  for image in grey:
    rows, columns = image.any(axis=1).sum(), image.any(axis=0).sum()
    assert 4 <= rows <= 9 and 4 <= columns <= 9 and image.sum() == rows * columns


def uncovered(out):
  """Of blank 4 × 4 images the level that Cutout's square, four pixels at most, left."""
  out = out.reshape(len(out), 16)
  return out[np.arange(len(out)), abs(out - 127.5).argmax(axis=1)]


BLANK = jnp.zeros((512, 4, 4, 1), jnp.uint8)


def test_operations_are_drawn_uniformly(monkeypatch):
  four = {str(k): lambda x, level, k=k: x + 10.0 * k for k in range(4)}
  which = np.rint(uncovered(strong_with(monkeypatch, four, BLANK, 1)) / 10).astype(int)
  assert len(np.bincount(which)) == 4 and np.bincount(which).min() > 95


def test_levels_reach_up_to_the_magnitude_and_operations_follow_each_other(monkeypatch):
  add = {"add": lambda x, level: x + 20 + 10 * level}
  for operations, magnitude in ((1, 10.0), (2, 5.0)):
    out = uncovered(strong_with(monkeypatch, add, BLANK, operations, magnitude))
    level = (out / operations - 20) / 10  # the mean of an image's levels
    assert abs(level.mean()) < 0.08 and 0.8 < abs(level).max() / (magnitude / 10) < 1.0001


@jax.jit
def jittered(pixel, *strength):
  """400 images of one pixel, in grey levels."""
  x = jnp.broadcast_to(jnp.array(pixel, jnp.uint8), (400, 1, 1, 3))
  return (random_views.colour_jitter(KEY, x, *strength) + 1)[:, 0, 0] * 127.5


@pytest.mark.parametrize("part", range(4))
def test_jitter_draws_each_factor_in_its_range(part):
  """One strength at a time, on flat images whose colour tells the factor."""
  strength = [0.0] * 4
  strength[part] = 0.4 if part < 3 else 0.1
  out = jittered([120, 60, 60], *strength)
  if part == 0:
    factor = out[:, 0] / 120
  elif part < 3:  # both pull a flat image towards its luminance
    factor = (out[:, 0] - out[:, 1]) / 60
  else:  # a turn up to 36 degrees raises green or blue by up to 36
    factor = 1 + (out[:, 1] - out[:, 2]) / 60 * 4 / 6
  assert 0.59 < factor.min() < 0.62 and 1.38 < factor.max() < 1.41
  assert abs(factor.mean() - 1) < 0.05


def test_strengths_above_one_stay_uniform_from_zero():
  factor = jittered([50, 50, 50], 2.0, 0.0, 0.0, 0.0)[:, 0] / 50
  assert factor.min() >= 0 and abs(factor.mean() - 1.5) < 0.1 and (factor < 0.01).mean() < 0.02


def test_some_images_lose_their_colour():
  x = jnp.broadcast_to(jnp.array([200, 100, 0], jnp.uint8), (500, 1, 1, 3))
  out = np.asarray((random_views.random_grey(KEY, x, 0.1) + 1) * 127.5)[:, 0, 0]
  grey = abs(out - (0.299 * 200 + 0.587 * 100)).max(axis=1) < 0.01
  np.testing.assert_allclose(out[~grey], np.tile([200, 100, 0], ((~grey).sum(), 1)), atol=1e-3)
  assert 0.06 < grey.mean() < 0.14
