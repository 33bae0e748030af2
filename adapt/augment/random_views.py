"""Random views of image batches, drawn inside the compiled step.

They are crops, flips, jitter and RandAugment.

Images come in as [b, h, w, c], uint8 or float32 in [-1, 1], and go out as float32 in [-1, 1], which
is what networks read. What happens to image i depends on the key and on i alone, not on the other
images nor on how many there are. Weak and strong views are FixMatch's (Sohn et al., 2020,
arXiv:2001.07685), the strong ones with RandAugment (Cubuk et al., 2020, arXiv:1909.13719).
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from adapt.augment import image_ops as ops

RATIO = (3 / 4, 4 / 3)
TRIES = 10  # boxes drawn before the whole image is taken, as in torchvision


def weak(key: jax.Array, x: jax.Array, mirror: bool = True) -> jax.Array:
  """FixMatch's weak view: a random flip and shift.

  The shift is by up to an eighth, into the reflected surroundings.

  Args:
    key: random key.
    x: [b, h, w, c] images.
    mirror: whether to flip; False for digits, which a mirror turns into nonsense.

  Returns:
    [b, h, w, c] float32 in [-1, 1].
  """
  k_flip, k_shift = jax.random.split(key)
  x = ops.scaled(ops.levels(x))
  if mirror:
    x = flip(k_flip, x)
  most = jnp.array([x.shape[1] // 8, x.shape[2] // 8])

  def shift(key: jax.Array, image: jax.Array) -> jax.Array:
    return ops.shift(image, *jax.random.randint(key, (2,), -most, most + 1))

  return jax.vmap(shift)(keys(k_shift, x), x)


def strong(
  key: jax.Array, x: jax.Array, operations: int = 2, magnitude: float = 10.0, mirror: bool = True
) -> jax.Array:
  """FixMatch's strong view: the weak view, RandAugment, then Cutout.

  Cutout takes half the side.

  Each image draws its operations with replacement, and a level for each, uniformly. (FixMatch's
  code, not its paper, skips each operation with probability 1/2.)

  Args:
    key: random key.
    x: [b, h, w, c] images.
    operations: RandAugment's N, how many an image undergoes.
    magnitude: how far levels reach: 10 for FixMatch's whole ranges, less for the milder part of them.
    mirror: as in `weak`.

  Returns:
    [b, h, w, c] float32 in [-1, 1].
  """
  k_weak, k_strong = jax.random.split(key)
  # Operations follow 8-bit rules, so they start from whole levels.
  x = jnp.round(ops.levels(weak(k_weak, x, mirror)))

  def one(args: Any) -> jax.Array:
    key, image = args
    which, level, centre = jnp.split(
      jax.random.uniform(key, (2 * operations + 2,)), [operations, 2 * operations]
    )
    which = jnp.floor(which * len(ops.RANDAUGMENT)).astype(jnp.int32)
    level = (2.0 * level - 1.0) * magnitude / 10.0
    for k in range(operations):
      image = jax.lax.switch(which[k], list(ops.RANDAUGMENT.values()), image, level[k])
    h, w, _ = image.shape
    return ops.scaled(ops.cutout(image, centre * jnp.array([h, w]), min(h, w) / 2))

  return _each(one)((keys(k_strong, x), x))


def _each(f: Callable[[Any], jax.Array]) -> Callable[[Any], jax.Array]:
  """Map f over images.

  On a CPU they go one after the other: only so does a switch skip the branches not taken. That is
  18 times faster there. An accelerator computes all branches side by side.
  """
  if jax.default_backend() == "cpu":
    return lambda args: jax.lax.map(f, args)
  return jax.vmap(f)


def keys(key: jax.Array, x: jax.Array) -> jax.Array:
  """Split a key into one per image.

  A key does not depend on how many images there are.
  """
  return jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(x)))


def _draw(key: jax.Array, x: jax.Array) -> jax.Array:
  """Draw one uniform number in [0, 1) per image, [b]."""
  return jax.vmap(jax.random.uniform)(keys(key, x))


def flip(key: jax.Array, x: jax.Array) -> jax.Array:
  """Flip each image horizontally with probability 1/2.

  Images are [b, h, w, c], and the type is kept.
  """
  return jnp.where(_draw(key, x)[:, None, None, None] < 0.5, x[:, :, ::-1], x)


def centre_crop(x: jax.Array, side: int) -> jax.Array:
  """Crop the middle side × side pixels of images.

  Images are [b, h, w, c]. The result is float32 in [-1, 1].

  Raises:
    ValueError: the images are smaller.
  """
  _, h, w, _ = x.shape
  if min(h, w) < side:
    raise ValueError(f"images of {h} × {w} pixels are too small to crop {side}: lower the side")
  top, left = round((h - side) / 2), round((w - side) / 2)
  return ops.scaled(ops.levels(x[:, top : top + side, left : left + side]))


def random_resized_crop(
  key: jax.Array,
  x: jax.Array,
  side: int,
  scale: tuple[float, float] = (0.08, 1.0),
  ratio: tuple[float, float] = RATIO,
) -> jax.Array:
  """Crop a random box of each image and resize it.

  Szegedy et al., 2015, arXiv:1409.4842, with torchvision's rule.

  Args:
    key: random key.
    x: [b, h, w, c] images.
    side: height and width of the result, in pixels.
    scale: range of the box's area, as a part of the image's.
    ratio: range of its width over its height, uniform in the logarithm.

  Returns:
    [b, side, side, c] float32 in [-1, 1].
  """
  _, h, w, _ = x.shape
  boxes = jax.vmap(lambda k: _box(k, h, w, scale, ratio))(keys(key, x))
  return _resize_boxes(x, boxes, side)


def _box(
  key: jax.Array, h: int, w: int, scale: tuple[float, float], ratio: tuple[float, float]
) -> jax.Array:
  """Draw a crop box [top, left, height, width] in whole pixels.

  It is the first of ten that fits, else the largest.
  """
  # One draw for all, as each costs a third of a second to compile.
  drawn = jax.random.uniform(key, (2 * TRIES + 2,))
  u_area, u_ratio, u_place = jnp.split(drawn, [TRIES, 2 * TRIES])
  area = h * w * (scale[0] + u_area * (scale[1] - scale[0]))
  shape = ratio[0] * (ratio[1] / ratio[0]) ** u_ratio
  heights, widths = jnp.round(jnp.sqrt(area / shape)), jnp.round(jnp.sqrt(area * shape))
  fits = (heights >= 1) & (heights <= h) & (widths >= 1) & (widths <= w)
  first = jnp.argmax(fits)
  largest = jnp.array([min(h, round(w / ratio[0])), min(w, round(h * ratio[1]))], jnp.float32)
  size = jnp.where(fits[first], jnp.stack([heights[first], widths[first]]), largest)
  room = jnp.array([h, w]) - size
  place = jnp.floor(u_place * (room + 1))
  return jnp.concatenate([jnp.where(fits.any(), place, jnp.floor(room / 2)), size])


def resized(x: jax.Array, side: int) -> jax.Array:
  """Resize whole images to side × side.

  The aspect ratio is not kept. The result is float32 in [-1, 1].
  """
  b, h, w, _ = x.shape
  return _resize_boxes(x, jnp.broadcast_to(jnp.array([0.0, 0.0, h, w]), (b, 4)), side)


def _resize_boxes(x: jax.Array, boxes: jax.Array, side: int) -> jax.Array:
  resize = jax.vmap(lambda image, box: ops.resize_box(image, box, side))
  return ops.scaled(resize(ops.levels(x), boxes))


def colour_jitter(
  key: jax.Array,
  x: jax.Array,
  brightness: float,
  contrast: float,
  saturation: float,
  hue: float,
) -> jax.Array:
  """Randomly change brightness, contrast, saturation and hue, in this order.

  Each image is changed by its own draw.

  torchvision draws the order too; here it is fixed. Grey images keep saturation and hue.

  Args:
    key: random key.
    x: [b, h, w, c] images.
    brightness: b for a factor uniform in [max(0, 1 - b), 1 + b]; contrast and saturation likewise.
    contrast: see brightness.
    saturation: see brightness.
    hue: h for a turn uniform in [-h, h], as a part of the circle; at most 0.5.

  Returns:
    [b, h, w, c] float32 in [-1, 1].
  """
  reach = jnp.array([brightness, contrast, saturation, hue])

  def one(key: jax.Array, image: jax.Array) -> jax.Array:
    by = jax.random.uniform(key, (4,), minval=-1.0, maxval=1.0)
    # One uniform number over [max(0, 1 - b), 1 + b], not a clipped one, which would pile up at 0.
    low = jnp.maximum(1.0 - reach, 0.0)
    factors = low + (by + 1) / 2 * (1.0 + reach - low)
    image = ops.contrast(ops.brightness(image, factors[0]), factors[1])
    return ops.scaled(ops.hue(ops.colour(image, factors[2]), by[3] * hue))

  return jax.vmap(one)(keys(key, x), ops.levels(x))


def random_grey(key: jax.Array, x: jax.Array, probability: float) -> jax.Array:
  """Convert each image to grey with a given probability.

  Images are [b, h, w, c]. The result is float32 in [-1, 1].
  """
  x = ops.levels(x)
  lost = _draw(key, x)[:, None, None, None] < probability
  return ops.scaled(jnp.where(lost, ops.luminance(x), x))
