"""Operations on one image, as in RandAugment (arXiv:1909.13719).

RandAugment is by Cubuk et al., 2020. There are a few more operations.

An image is [h, w, c] float32 in grey levels, 0 to 255, where 8-bit rules (posterize, solarize) are
defined; what comes back is in the same range, not rounded. Each operation is Pillow's to within two
grey levels. Grey images (c = 1) pass through those on colour unchanged. Sums and maxima over the
three channels are written out: as reductions they take several times as long on a CPU.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

Image = Float[Array, "h w c"]
Scalar = jax.Array | float
GREY = 127.5  # 0 in [-1, 1]: what a moved image leaves behind, and Cutout's square


def levels(x: jax.Array) -> jax.Array:
  """Convert uint8 or [-1, 1] floats to float32 in 0 … 255."""
  return x.astype(jnp.float32) if x.dtype == jnp.uint8 else (x + 1.0) * 127.5


def scaled(x: jax.Array) -> jax.Array:
  """Scale grey levels to network inputs, float32 in [-1, 1]."""
  return x / 127.5 - 1.0


def luminance(x: Image) -> Float[Array, "h w 1"]:
  """Luma after ITU-R BT.601, the weights of Pillow's mode L.

  A grey image is its own.
  """
  if x.shape[-1] != 3:
    return x.mean(axis=-1, keepdims=True)
  return 0.299 * x[..., :1] + 0.587 * x[..., 1:2] + 0.114 * x[..., 2:]


def blend(degenerate: jax.Array, x: Image, factor: Scalar) -> Image:
  """Blend with a degenerate image, clipped to the range.

  It is degenerate + factor · (x - degenerate). 0 gives the degenerate, 1 the image.
  """
  return jnp.clip(degenerate + factor * (x - degenerate), 0.0, 255.0)


def brightness(x: Image, factor: Scalar) -> Image:
  """Change brightness by blending with black."""
  return blend(jnp.zeros(()), x, factor)


def contrast(x: Image, factor: Scalar) -> Image:
  """Change contrast by blending with the image's mean luminance."""
  return blend(luminance(x.mean(axis=(0, 1), keepdims=True)), x, factor)


def colour(x: Image, factor: Scalar) -> Image:
  """Change saturation by blending with grey."""
  return blend(luminance(x), x, factor)


def sharpness(x: Image, factor: Scalar) -> Image:
  """Change sharpness by blending with a smoothed image.

  Smoothing is 3 × 3, the centre counting 5 of 13. The outermost pixels stay.
  """
  inner = x[1:-1, 1:-1]
  rows = x[:-2] + x[1:-1] + x[2:]
  box = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
  return blend(x.at[1:-1, 1:-1].set((box + 4.0 * inner) / 13.0), x, factor)


def hue(x: Image, turn: Scalar) -> Image:
  """Shift the HSV hue by a part of the circle.

  The part is in [-0.5, 0.5]. Value and saturation stay.
  """
  if x.shape[-1] != 3:
    return x
  r, g, b = x[..., 0], x[..., 1], x[..., 2]
  high, low = jnp.maximum(jnp.maximum(r, g), b), jnp.minimum(jnp.minimum(r, g), b)
  spread = high - low
  of_green, of_blue = b - r + 2.0 * spread, r - g + 4.0 * spread
  sixths = jnp.where(r == high, g - b, jnp.where(g == high, of_green, of_blue))
  angle = sixths / jnp.maximum(spread, 1e-6) + 6.0 * turn  # 60 degrees are 1

  def channel(n: float) -> jax.Array:
    k = n + angle
    k = k - 6.0 * jnp.floor(k / 6.0)  # nine times as fast as k % 6 on a CPU
    return high - spread * jnp.clip(jnp.minimum(k, 4.0 - k), 0.0, 1.0)

  return jnp.stack([channel(5.0), channel(3.0), channel(1.0)], axis=-1)


def autocontrast(x: Image) -> Image:
  """Stretch each channel to 0 … 255; a flat channel stays."""
  low, high = x.min(axis=(0, 1)), x.max(axis=(0, 1))
  stretched = (x - low) * (255.0 / jnp.maximum(high - low, 1e-6))
  return jnp.where(high > low, stretched, x)


def equalize(x: Image) -> Image:
  """Equalise each channel's histogram by Pillow's integer rule.

  A channel with a single level stays.
  """
  h, w, c = x.shape
  channels = jnp.round(x).astype(jnp.int32).reshape(h * w, c).T  # [c, h·w]
  counts = jax.vmap(lambda v: jnp.zeros(256, jnp.int32).at[v].add(1))(channels)
  last = jnp.take_along_axis(counts, channels.max(axis=1, keepdims=True), axis=1)
  step = (h * w - last) // 255
  table = (step // 2 + jnp.cumsum(counts, axis=1) - counts) // jnp.maximum(step, 1)
  table = jnp.where(step > 0, jnp.minimum(table, 255), jnp.arange(256))
  return jnp.take_along_axis(table, channels, axis=1).T.reshape(h, w, c).astype(jnp.float32)


def posterize(x: Image, bits: Scalar) -> Image:
  """Keep the highest bits (an integer, 1 to 8) of each level."""
  size = 2.0 ** (8 - bits)
  return jnp.floor(jnp.floor(x) / size) * size


def solarize(x: Image, threshold: Scalar) -> Image:
  """Invert the levels at or above the threshold."""
  return jnp.where(x < threshold, x, 255.0 - x)


def affine(x: Image, matrix: Float[Array, "2 3"], edges: bool = False) -> Image:
  """Apply an affine map with bilinear resampling.

  Args:
    x: the image.
    edges: whether the outermost pixels go on where the source would lie outside; it is grey else.
    matrix: where an output point (column, row, 1) comes from, in pixels from the upper left corner;
      pixel centres lie at halves, as in Pillow's `transform`.
  """
  h, w, c = x.shape
  rows, columns = jnp.meshgrid(jnp.arange(h) + 0.5, jnp.arange(w) + 0.5, indexing="ij")
  u = matrix[0, 0] * columns + matrix[0, 1] * rows + matrix[0, 2]
  v = matrix[1, 0] * columns + matrix[1, 1] * rows + matrix[1, 2]
  inside = (u >= 0) & (u < w) & (v >= 0) & (v < h)
  left, top = jnp.floor(u - 0.5), jnp.floor(v - 0.5)
  across, down = (u - 0.5 - left)[..., None], (v - 0.5 - top)[..., None]
  flat = x.reshape(h * w, c)

  def tap(row: jax.Array, column: jax.Array) -> jax.Array:
    row, column = jnp.clip(row, 0, h - 1), jnp.clip(column, 0, w - 1)
    return flat[(row * w + column).astype(jnp.int32)]

  upper = tap(top, left) * (1 - across) + tap(top, left + 1) * across
  lower = tap(top + 1, left) * (1 - across) + tap(top + 1, left + 1) * across
  mixed = upper * (1 - down) + lower * down
  return mixed if edges else jnp.where(inside[..., None], mixed, GREY)


def rotate(x: Image, degrees: Scalar) -> Image:
  """Rotate counter-clockwise about the centre."""
  h, w, _ = x.shape
  cos, sin = jnp.cos(jnp.deg2rad(degrees)), jnp.sin(jnp.deg2rad(degrees))
  across = jnp.array([cos, -sin, w / 2 - cos * w / 2 + sin * h / 2])
  down = jnp.array([sin, cos, h / 2 - sin * w / 2 - cos * h / 2])
  return affine(x, jnp.stack([across, down]))


def shear_x(x: Image, by: Scalar) -> Image:
  """Shear horizontally.

  Rows move left by `by` · row. The uppermost stays.
  """
  return affine(x, jnp.array([[1.0, by, 0.0], [0.0, 1.0, 0.0]]))


def shear_y(x: Image, by: Scalar) -> Image:
  """Shear vertically.

  Columns move up by `by` · column. The leftmost stays.
  """
  return affine(x, jnp.array([[1.0, 0.0, 0.0], [by, 1.0, 0.0]]))


def translate_x(x: Image, part: Scalar) -> Image:
  """Translate left by a part of the width."""
  return affine(x, jnp.array([[1.0, 0.0, part * x.shape[1]], [0.0, 1.0, 0.0]]))


def translate_y(x: Image, part: Scalar) -> Image:
  """Translate up by a part of the height."""
  return affine(x, jnp.array([[1.0, 0.0, 0.0], [0.0, 1.0, part * x.shape[0]]]))


def resize_box(x: Image, box: Float[Array, "4"], side: int) -> Float[Array, "s s c"]:
  """Resize a box of the image, bilinear.

  It is antialiased where it shrinks.

  A few gathers along one axis, then along the other: the same as two products with matrices of
  weights, in a tenth of the time on a CPU (64 images, 256 to 224 pixels).

  Args:
    x: the image.
    box: top, left, height and width, in whole pixels; nothing outside it is seen.
    side: height and width of the result, in pixels.
  """
  h, w, _ = x.shape
  rows, down = _taps(box[0], box[2], h, side)
  columns, across = _taps(box[1], box[3], w, side)
  none = jnp.zeros(())
  x = sum((x[rows[:, k]] * down[:, k, None, None] for k in range(rows.shape[1])), none)
  return sum((x[:, columns[:, k]] * across[:, k, None] for k in range(columns.shape[1])), none)


def _taps(start: Scalar, size: Scalar, length: int, side: int) -> tuple[jax.Array, jax.Array]:
  """Source pixels [side, k] and weights of each output pixel.

  They are along one line.
  """
  step = size / side
  # Pillow's triangle: as wide as a pixel of the result where it shrinks, of the source where not.
  reach = jnp.maximum(step, 1.0)
  centres = (start + (jnp.arange(side) + 0.5) * step - 0.5)[:, None]
  most = math.ceil(2 * max(1.0, length / side))
  at = jnp.floor(centres - reach) + 1 + jnp.arange(most)
  weights = jnp.maximum(1.0 - jnp.abs(at - centres) / reach, 0.0)
  weights = jnp.where((at >= start) & (at < start + size), weights, 0.0)
  at = jnp.clip(at, 0, length - 1).astype(jnp.int32)
  return at, weights / weights.sum(axis=1, keepdims=True)


def shift(x: Image, down: Scalar, right: Scalar) -> Image:
  """Shift by whole pixels, with reflection beyond the edges.

  The result shows what lies further down and right.
  """
  h, w, _ = x.shape

  def reflected(at: jax.Array, n: int) -> jax.Array:
    return n - 1 - jnp.abs(n - 1 - jnp.abs(at))

  return x[reflected(jnp.arange(h) + down, h)[:, None], reflected(jnp.arange(w) + right, w)]


def cutout(x: Image, centre: Float[Array, "2"], side: float) -> Image:
  """Cutout: grey out a square (DeVries & Taylor, 2017, arXiv:1708.04552).

  The square is cut off where it leaves the image.

  Args:
    x: the image.
    centre: row and column, in pixels.
    side: of the square, in pixels.
  """
  h, w, _ = x.shape
  rows = jnp.abs(jnp.arange(h) + 0.5 - centre[0]) < side / 2
  columns = jnp.abs(jnp.arange(w) + 0.5 - centre[1]) < side / 2
  return jnp.where((rows[:, None] & columns)[..., None], GREY, x)


def _fade(level: jax.Array) -> jax.Array:
  return 0.95 - 0.9 * jnp.abs(level)


# Name: (image, level in [-1, 1]) → image. Over the levels each runs through its range in FixMatch
# (Sohn et al., 2020, arXiv:2001.07685, appendix): factors 0.05 … 0.95, 4 … 8 bits, ±30 degrees, ±0.3.
RANDAUGMENT: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
  "autocontrast": lambda x, level: autocontrast(x),
  "brightness": lambda x, level: brightness(x, _fade(level)),
  "colour": lambda x, level: colour(x, _fade(level)),
  "contrast": lambda x, level: contrast(x, _fade(level)),
  "equalize": lambda x, level: equalize(x),
  "identity": lambda x, level: x,
  "posterize": lambda x, level: posterize(x, jnp.round(8 - 4 * jnp.abs(level))),
  "rotate": lambda x, level: rotate(x, 30 * level),
  "sharpness": lambda x, level: sharpness(x, _fade(level)),
  "shear_x": lambda x, level: shear_x(x, 0.3 * level),
  "shear_y": lambda x, level: shear_y(x, 0.3 * level),
  "solarize": lambda x, level: solarize(x, 256 * (1 - jnp.abs(level))),
  "translate_x": lambda x, level: translate_x(x, 0.3 * level),
  "translate_y": lambda x, level: translate_y(x, 0.3 * level),
}


def as_float(x: jax.Array) -> jax.Array:
  """Convert uint8 pixels to [-1, 1]; floats stay as they are."""
  return x.astype(jnp.float32) / 127.5 - 1.0 if x.dtype == jnp.uint8 else x
