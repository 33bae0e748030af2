"""image_ops against Pillow, colorsys and hand-made images."""

import colorsys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from adapt.augment import image_ops as ops

RNG = np.random.default_rng(0)
H, W = 12, 16


def textured(channels):
  """Smooth slopes and noise over part of the range, so that stretching has something to do."""
  slope = np.linspace(0, 120, H)[:, None, None] + np.linspace(0, 60, W)[None, :, None]
  noise = RNG.uniform(0, 40, (H, W, channels))
  return (20 + slope + noise * [1.0, 0.5, 0.8][:channels]).astype(np.uint8)


COLOUR, GREY = textured(3), textured(1)
BOTH = pytest.mark.parametrize("image", [COLOUR, GREY], ids=["colour", "grey"])


def pillow(image):
  return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def array(image):
  out = np.asarray(image).astype(np.float32)
  return out[..., None] if out.ndim == 2 else out


def close(mine, theirs, tolerance):
  """Within a tolerance in grey levels."""
  assert mine.shape == theirs.shape
  np.testing.assert_allclose(np.asarray(mine), theirs, rtol=0, atol=tolerance)


def run(f, image, *args):
  return jax.jit(f)(jnp.asarray(image, jnp.float32), *map(jnp.asarray, args))


def test_levels_of_both_kinds_and_back():
  bytes_ = jnp.arange(256, dtype=jnp.uint8)
  np.testing.assert_array_equal(ops.levels(bytes_), np.arange(256))
  unit = ops.scaled(ops.levels(bytes_))
  assert unit.dtype == jnp.float32 and unit[0] == -1 and unit[-1] == 1
  np.testing.assert_allclose(ops.levels(unit), np.arange(256), atol=1e-4)


@BOTH
@pytest.mark.parametrize("factor", [0.05, 0.6, 1.0, 1.5])
@pytest.mark.parametrize(
  ("mine", "theirs"),
  [
    (ops.brightness, ImageEnhance.Brightness),
    (ops.contrast, ImageEnhance.Contrast),
    (ops.colour, ImageEnhance.Color),
    (ops.sharpness, ImageEnhance.Sharpness),
  ],
)
def test_blends_are_pillows(mine, theirs, factor, image):
  # Pillow rounds the degenerate image and cuts the blend off: up to a level each.
  close(run(mine, image, factor), array(theirs(pillow(image)).enhance(factor)), 1.6)


@BOTH
def test_autocontrast_is_pillows(image):
  close(run(ops.autocontrast, image), array(ImageOps.autocontrast(pillow(image))), 1.0)


@BOTH
def test_equalize_is_pillows_to_the_level(image):
  large = np.tile(image, (6, 6, 1))  # enough pixels for a step above zero
  close(run(ops.equalize, large), array(ImageOps.equalize(pillow(large))), 0)
  close(run(ops.equalize, image), array(ImageOps.equalize(pillow(image))), 0)


@pytest.mark.parametrize("f", [ops.autocontrast, ops.equalize])
def test_flat_images_stay(f):
  flat = np.full((20, 20, 3), 77, np.uint8)
  close(run(f, flat), flat.astype(np.float32), 0)


@pytest.mark.parametrize("bits", [4, 5, 8])
def test_posterize_is_pillows_to_the_level(bits):
  close(run(ops.posterize, COLOUR, bits), array(ImageOps.posterize(pillow(COLOUR), bits)), 0)


@pytest.mark.parametrize("threshold", [0, 100, 256])
def test_solarize_is_pillows_to_the_level(threshold):
  expected = array(ImageOps.solarize(pillow(COLOUR), threshold))
  close(run(ops.solarize, COLOUR, threshold), expected, 0)


@pytest.mark.parametrize("turn", [-0.5, -0.1, 0.0, 0.3])
def test_hue_is_colorsys(turn):
  def turned(pixel):
    h, s, v = colorsys.rgb_to_hsv(*(pixel / 255.0))
    return np.array(colorsys.hsv_to_rgb((h + turn) % 1.0, s, v)) * 255.0

  image = np.concatenate([COLOUR, RNG.integers(0, 256, (4, W, 3)).astype(np.uint8)])
  close(run(ops.hue, image, turn), np.apply_along_axis(turned, -1, image), 0.01)


def test_colour_operations_leave_grey_images_alone():
  close(run(ops.hue, GREY, 0.3), array(pillow(GREY)), 0)
  close(run(ops.colour, GREY, 0.1), array(pillow(GREY)), 1e-4)


def moved(image, matrix):
  fill = 128 if image.shape[-1] == 1 else (128,) * 3
  return pillow(image).transform(
    (W, H), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR, fillcolor=fill
  )


@BOTH
@pytest.mark.parametrize(
  ("f", "by", "matrix"),
  [
    (ops.shear_x, 0.3, (1, 0.3, 0, 0, 1, 0)),
    (ops.shear_x, -0.2, (1, -0.2, 0, 0, 1, 0)),
    (ops.shear_y, 0.15, (1, 0, 0, 0.15, 1, 0)),
    (ops.translate_x, 0.3, (1, 0, 0.3 * W, 0, 1, 0)),
    (ops.translate_y, -0.2, (1, 0, 0, 0, 1, -0.2 * H)),
  ],
)
def test_moves_are_pillows(f, by, matrix, image):
  close(run(f, image, by), array(moved(image, matrix)), 1.01)  # Pillow cuts off


@pytest.mark.parametrize("degrees", [-30.0, 7.0])
def test_rotation_is_pillows(degrees):
  theirs = pillow(COLOUR).rotate(degrees, Image.Resampling.BILINEAR, fillcolor=(128,) * 3)
  close(run(ops.rotate, COLOUR, degrees), array(theirs), 1.01)


def test_moving_by_nothing_changes_nothing():
  for f in (ops.rotate, ops.shear_x, ops.translate_y):
    close(run(f, COLOUR, 0.0), array(pillow(COLOUR)), 1e-3)


@BOTH
@pytest.mark.parametrize("box", [(0, 0, H, W), (2, 3, 5, 4), (1, 0, 9, 16)])
@pytest.mark.parametrize("side", [5, 20])
def test_resizing_a_box_is_pillows(box, side, image):
  # side 5 shrinks (antialiased), 20 enlarges; Pillow rounds after each of two passes.
  top, left, height, width = box
  cut = pillow(image).crop((left, top, left + width, top + height))
  theirs = cut.resize((side, side), Image.Resampling.BILINEAR)
  mine = jax.jit(ops.resize_box, static_argnums=2)(
    jnp.asarray(image, jnp.float32), jnp.asarray(box, jnp.float32), side
  )
  close(mine, array(theirs), 1.01)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -1), (-3, 4)])
def test_shift_is_a_crop_of_the_reflected_image(down, right):
  padded = np.pad(COLOUR, ((4, 4), (4, 4), (0, 0)), mode="reflect")
  expected = padded[4 + down : 4 + down + H, 4 + right : 4 + right + W]
  np.testing.assert_array_equal(run(ops.shift, COLOUR, down, right), expected)


def test_cutout_greys_a_square_and_nothing_else():
  expected = array(pillow(COLOUR))
  expected[3:7, 6:10] = 127.5
  close(run(lambda x, at: ops.cutout(x, at, 4.0), COLOUR, [5.0, 8.0]), expected, 0)


def test_cutout_is_cut_off_at_the_border():
  expected = array(pillow(COLOUR))
  expected[:2, -2:] = 127.5
  close(run(lambda x, at: ops.cutout(x, at, 4.0), COLOUR, [0.0, float(W)]), expected, 0)


def test_the_list_is_fixmatchs():
  names = "autocontrast brightness colour contrast equalize identity posterize rotate sharpness"
  names += " shear_x shear_y solarize translate_x translate_y"
  assert sorted(ops.RANDAUGMENT) == names.split()


@jax.jit
def all_at(x, level):
  return {name: f(x, level) for name, f in ops.RANDAUGMENT.items()}


@jax.jit
def by_hand(x, level):
  size = abs(level)
  return {
    "brightness": ops.brightness(x, 0.95 - 0.9 * size),
    "colour": ops.colour(x, 0.95 - 0.9 * size),
    "contrast": ops.contrast(x, 0.95 - 0.9 * size),
    "sharpness": ops.sharpness(x, 0.95 - 0.9 * size),
    "identity": x,
    "posterize": ops.posterize(x, 8 - 4 * size),
    "solarize": ops.solarize(x, 256 - 256 * size),
    "rotate": ops.rotate(x, 30 * level),
    "shear_x": ops.shear_x(x, 0.3 * level),
    "shear_y": ops.shear_y(x, 0.3 * level),
    "translate_x": ops.translate_x(x, 0.3 * level),
    "translate_y": ops.translate_y(x, 0.3 * level),
  }


@pytest.mark.parametrize("level", [-1.0, 0.0, 0.5, 1.0])
def test_levels_run_through_fixmatchs_ranges(level):
  x = jnp.asarray(COLOUR, jnp.float32)
  done = all_at(x, level)
  for name, image in by_hand(x, level).items():
    close(done[name], np.asarray(image), 1e-3)


@BOTH
@pytest.mark.parametrize("level", [-1.0, 0.3, 1.0])
def test_every_operation_keeps_shape_type_and_range(level, image):
  for name, out in all_at(jnp.asarray(image, jnp.float32), level).items():
    assert out.shape == image.shape and out.dtype == jnp.float32, name
    assert out.min() >= 0 and out.max() <= 255.001, name
