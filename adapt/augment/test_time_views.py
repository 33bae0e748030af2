"""Random views that test-time methods learn from, drawn inside the compiled step."""

import jax
import jax.numpy as jnp

from adapt.augment import blur, image_ops, random_views

JITTER = {"brightness": 0.4, "contrast": 0.3, "saturation": 0.5, "hue": 0.06}
GAMMA, DEGREES, SHIFT, SCALE = 0.3, 15.0, 1 / 16, 0.1
BLUR, NOISE = 0.5, 0.005 * 255


def view(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool, kind: str = ""
) -> jax.Array:
  """A random view of each input.

  Images get jitter, small moves, blur and noise; all else noise alone.

  Images get what Wang et al. (2022, arXiv:2203.13591) let their teacher see: colours and gamma, a turn by
  at most 15 degrees, a shift by a sixteenth, a scale within a tenth, a blur and faint noise. There one
  draw serves the whole batch, with colours in a random order; here each image draws, in a fixed order.

  Args:
    key: random key.
    x: [b, ...] inputs; [b, h, w, c] images are uint8 or float32 in [-1, 1].
    noise: standard deviation of the noise, in the inputs' units; images take none of it.
    mirror: whether images are flipped; False for digits.
    kind: what the inputs are, as in `Net.kind`; where it is not said, [b, h, w, c] are images.

  Returns:
    Images as float32 in [-1, 1], all else as x + noise.
  """
  if kind != "image" if kind else x.ndim != 4:
    return x + noise * jax.random.normal(key, x.shape, jnp.float32)
  k_jitter, k_rest, k_flip = jax.random.split(key, 3)
  jittered = image_ops.levels(random_views.colour_jitter(k_jitter, x, **JITTER))
  keys = random_views.keys(k_rest, x)
  seen = image_ops.scaled(jax.vmap(_moved)(keys, jittered))
  return random_views.flip(k_flip, seen) if mirror else seen


def _moved(key: jax.Array, image: jax.Array) -> jax.Array:
  """Gamma, turn, scale, shift, blur and noise of one image in levels."""
  k_draw, k_noise = jax.random.split(key)
  by = jax.random.uniform(k_draw, (6,), minval=-1.0, maxval=1.0)
  h, w, _ = image.shape
  image = 255.0 * jnp.clip(image / 255.0, 1e-8, 1.0) ** (1.0 + GAMMA * by[0])
  angle, scale = jnp.deg2rad(DEGREES * by[1]), 1.0 / (1.0 + SCALE * by[2])
  cos, sin = scale * jnp.cos(angle), scale * jnp.sin(angle)
  right, down = SHIFT * w * by[3], SHIFT * h * by[4]
  matrix = jnp.array(
    [
      [cos, -sin, w / 2 - cos * w / 2 + sin * h / 2 + right],
      [sin, cos, h / 2 - sin * w / 2 - cos * h / 2 + down],
    ]
  )
  image = blur.gaussian(image_ops.affine(image, matrix, edges=True), 1e-3 + BLUR * jnp.abs(by[5]))
  return jnp.clip(image + NOISE * jax.random.normal(k_noise, image.shape), 0.0, 255.0)


def shuffled(key: jax.Array, x: jax.Array, parts: int, kind: str = "") -> jax.Array:
  """Each image cut into tiles in a random order.

  There are parts × parts of them. Of all else the entries are mixed.

  Args:
    key: random key.
    x: [b, h, w, c] images, or [b, ...].
    parts: tiles along each side.
    kind: as in `view`.

  Raises:
    ValueError: the sides are no multiples of `parts`.
  """
  b = len(x)
  if kind != "image" if kind else x.ndim != 4:
    return _permuted(key, x.reshape(b, -1)).reshape(x.shape)
  h, w, c = x.shape[1:]
  if h % parts or w % parts:
    raise ValueError(f"images of {h} × {w} are not {parts} × {parts} tiles: set a divisor of both")
  tiles = x.reshape(b, parts, h // parts, parts, w // parts, c).swapaxes(2, 3)
  mixed = _permuted(key, tiles.reshape(b, parts * parts, h // parts, w // parts, c))
  return mixed.reshape(tiles.shape).swapaxes(2, 3).reshape(x.shape)


def _permuted(key: jax.Array, x: jax.Array) -> jax.Array:
  """The second axis of x in a random order, another one for each example."""
  return jax.vmap(jax.random.permutation)(random_views.keys(key, x), x)
