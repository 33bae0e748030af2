"""Corruptions of grey images at five severities, after MNIST-C.

Source: Mu & Gilmer (2019, arXiv:1906.02337).

An image is [h, w, 1] float32 in grey levels, 0 to 255, light on dark; so is what comes back, clipped.
Each corruption is (key, image, severity) → image, with the severity an integer, 1 to 5, that may be
traced: a table's entry. The same key draws the same noise at every severity. Severity 0 is the image.

Thirteen are of MNIST-C's fifteen (zigzag and Canny edges are left out), with gaussian_noise and contrast
of its longer list, at the severities of the authors' code. What differs from that code:

- glass_blur: pixels take a neighbour's level, once, where the code swaps neighbours one after another.
- motion_blur: a one-sided Gaussian of 13 taps, with standard deviations of 1 to 6 pixels.
- fog: octaves of smooth noise, where the code has a plasma fractal.
- stripe and dotted_line have one severity there, which is our fifth.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.augment import blur, image_ops

Image = Float[Array, "h w 1"]
Severity = jax.Array | int
Corruption = Callable[[jax.Array, Image, Severity], Image]


def _at(severity: Severity, *table: float) -> jax.Array:
  return jnp.asarray(table)[jnp.clip(jnp.asarray(severity) - 1, 0, 4)]


def _sign(key: jax.Array) -> jax.Array:
  return jnp.where(jax.random.bernoulli(key), 1.0, -1.0)


def _moved(x: Image, matrix: list[list[jax.Array | float]]) -> Image:
  """The image under a linear map about its centre; `matrix` [2, 3] ends in a shift in pixels."""
  h, w, _ = x.shape
  (a, b, right), (c, d, down) = matrix
  whole = jnp.array(
    [
      [a, b, right + w / 2 * (1 - jnp.asarray(a)) - b * h / 2],
      [c, d, down + h / 2 * (1 - jnp.asarray(d)) - c * w / 2],
    ]
  )
  # `affine` leaves mid grey behind; on levels moved up by it, that is black.
  return image_ops.affine(x + image_ops.GREY, whole) - image_ops.GREY


def gaussian_noise(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Normal noise in each pixel."""
  return x + 255 * _at(severity, 0.08, 0.12, 0.18, 0.26, 0.38) * jax.random.normal(key, x.shape)


def shot_noise(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Poisson counts in place of levels, fewer with the severity."""
  most = _at(severity, 60.0, 25.0, 12.0, 5.0, 3.0)
  return jax.random.poisson(key, x / 255 * most).astype(jnp.float32) / most * 255


def impulse_noise(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Salt and pepper in a part of the pixels."""
  part = _at(severity, 0.03, 0.06, 0.09, 0.17, 0.27)
  where, which = jax.random.split(key)
  salt = 255.0 * jax.random.bernoulli(which, 0.5, x.shape)
  return jnp.where(jax.random.uniform(where, x.shape) < part, salt, x)


def glass_blur(key: jax.Array, x: Image, severity: Severity) -> Image:
  """A blur, half of the pixels exchanged for a neighbour's, a blur."""
  sigma = _at(severity, 0.7, 0.9, 1.0, 1.1, 1.5)
  reach = _at(severity, 1.0, 2.0, 2.0, 3.0, 4.0)
  h, w, _ = x.shape
  pick, far = jax.random.split(key)
  by = jnp.round(reach * jax.random.uniform(far, (2, h, w), minval=-1.0)).astype(jnp.int32)
  by = by * jax.random.bernoulli(pick, 0.5, (h, w))
  rows = jnp.clip(jnp.arange(h)[:, None] + by[0], 0, h - 1)
  columns = jnp.clip(jnp.arange(w) + by[1], 0, w - 1)
  return blur.gaussian(blur.gaussian(x, sigma)[rows, columns], sigma)


def motion_blur(key: jax.Array, x: Image, severity: Severity) -> Image:
  """A trail in one direction, at most 45 degrees from the horizontal."""
  sigma = _at(severity, 1.0, 2.0, 3.0, 4.0, 6.0)
  angle = jnp.deg2rad(jax.random.uniform(key, (), minval=-45.0, maxval=45.0))
  steps = jnp.arange(13.0)
  weights = jnp.exp(-0.5 * (steps / sigma) ** 2)

  def tap(step: jax.Array) -> jax.Array:
    return _moved(x, [[1.0, 0.0, step * jnp.cos(angle)], [0.0, 1.0, step * jnp.sin(angle)]])

  return jnp.tensordot(weights / weights.sum(), jax.vmap(tap)(steps), axes=1)


def shear(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Shears horizontally about the centre by 0.2 to 1 radians.

  The side is random.
  """
  angle = _at(severity, 0.2, 0.4, 0.6, 0.8, 1.0) * _sign(key)
  return _moved(x, [[1.0, -jnp.sin(angle), 0.0], [0.0, jnp.cos(angle), 0.0]])


def scale(key: jax.Array, x: Image, severity: Severity) -> Image:
  """A smaller image on black."""
  by = 1 / _at(severity, 0.9, 0.8, 0.7, 0.6, 0.5)
  return _moved(x, [[by, 0.0, 0.0], [0.0, by, 0.0]])


def rotate(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Rotates about the centre by 0.2 to 1 radians.

  The direction is random.
  """
  angle = _at(severity, 0.2, 0.4, 0.6, 0.8, 1.0) * _sign(key)
  cos, sin = jnp.cos(angle), jnp.sin(angle)
  return _moved(x, [[cos, -sin, 0.0], [sin, cos, 0.0]])


def brightness(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Every level raised."""
  return x + 255 * _at(severity, 0.1, 0.2, 0.3, 0.4, 0.5)


def contrast(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Levels drawn to the image's mean."""
  mean = x.mean()
  return (x - mean) * _at(severity, 0.4, 0.3, 0.2, 0.1, 0.05) + mean


def translate(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Shifts by 1 to 5 pixels along both axes.

  The direction along each axis is random.
  """
  by = _at(severity, 1.0, 2.0, 3.0, 4.0, 5.0)
  right, down = (_sign(k) for k in jax.random.split(key))
  return _moved(x, [[1.0, 0.0, by * right], [0.0, 1.0, by * down]])


def stripe(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Inverts the left and right margins, 3 to 7 columns each.

  The numbers are for 28 columns.
  """
  w = x.shape[1]
  wide = _at(severity, 3.0, 4.0, 5.0, 6.0, 7.0) * w / 28
  column = jnp.arange(w)[:, None]
  return jnp.where((column < wide) | (column >= w - wide), 255 - x, x)


def fog(key: jax.Array, x: Image, severity: Severity) -> Image:
  """A smooth bright layer, under which the image dims."""
  depth, decay = _at(severity, 1.5, 2.0, 2.5, 2.5, 3.0), _at(severity, 2.0, 2.0, 1.7, 1.5, 1.4)
  layer = jnp.zeros(x.shape)
  for octave, k in enumerate(jax.random.split(key, 4)):
    coarse = jax.random.uniform(k, (2 * 2**octave, 2 * 2**octave, 1), minval=-1.0)
    layer += jax.image.resize(coarse, x.shape, "linear") / decay**octave
  layer -= layer.min()
  layer /= jnp.maximum(layer.max(), 1e-6)
  level, most = x / 255, jnp.maximum(x.max() / 255, 1e-6)
  return (level + depth * layer) * most / (most + depth) * 255


def spatter(key: jax.Array, x: Image, severity: Severity) -> Image:
  """Adds drops of mud: dark grey where smooth noise is high."""
  mean, spread = _at(severity, 0.65, 0.65, 0.65, 0.65, 0.67), _at(severity, 0.3, 0.3, 0.3, 0.3, 0.4)
  noise = mean + spread * jax.random.normal(key, x.shape)
  wet = blur.gaussian(noise, _at(severity, 4.0, 3.0, 2.0, 1.0, 1.0))
  drops = (wet > _at(severity, 0.69, 0.68, 0.68, 0.65, 0.65)).astype(jnp.float32)
  drops = blur.gaussian(drops, _at(severity, 0.6, 0.6, 0.5, 1.5, 1.5))
  drops = jnp.where(drops < 0.8, 0.0, drops)
  return x * (1 - drops) + 63 * drops


def dotted_line(key: jax.Array, x: Image, severity: Severity) -> Image:
  """A dotted line from the left border to the right one."""
  h, w, _ = x.shape
  start, end = jax.random.uniform(key, (2,), maxval=h - 1.0)
  column = jnp.arange(w)
  middle = start + (end - start) * column / (w - 1)
  apart = jnp.minimum(jnp.abs(jnp.arange(h)[:, None] - middle), 2.29)
  level = jnp.clip(jnp.log(1 - apart / 2.3) + 1, 0, 1) * (column // 2 % 2 == 1)
  return x + 255 * _at(severity, 0.2, 0.4, 0.6, 0.8, 1.0) * level[..., None]


KINDS: dict[str, Corruption] = {
  f.__name__: f
  for f in (
    *(gaussian_noise, shot_noise, impulse_noise, glass_blur, motion_blur, shear, scale, rotate),
    *(brightness, contrast, translate, stripe, fog, spatter, dotted_line),
  )
}


def corrupted(kind: str, key: jax.Array, x: jax.Array, severity: Severity) -> jax.Array:
  """Applies one corruption to grey images [n, h, w, 1], uint8.

  The result has the same shape and type.

  Args:
    kind: a name of KINDS.
    key: of all noise; each image has its own.
    x: the images.
    severity: 1 to 5; at 0 the images come back as they are.

  Raises:
    ValueError: an unknown kind, colours, or inputs of another type.
  """
  if kind not in KINDS:
    raise ValueError(f"no corruption '{kind}': choose from {', '.join(KINDS)}")
  if x.ndim != 4 or x.shape[-1] != 1 or x.dtype != jnp.uint8:
    raise ValueError(
      f"corruptions take grey images [n, h, w, 1] of uint8, not {x.shape} of {x.dtype}"
    )
  keys = jax.random.split(key, len(x))
  made = jax.vmap(lambda k, one: KINDS[kind](k, one, severity))(keys, x.astype(jnp.float32))
  made = jnp.clip(jnp.round(made), 0, 255).astype(jnp.uint8)
  return jnp.where(jnp.asarray(severity) > 0, made, x)
