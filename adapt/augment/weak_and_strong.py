"""Perturbed views of inputs for consistency methods.

Images get FixMatch's views, series those of series_views.py, and everything else gets noise.

Which of them is decided by the kind of the inputs, which a network carries (`Net.kind`); where nobody
has said it, [b, h, w, c] are images. Images come out as float32 in [-1, 1], as random_views.py makes
them; other inputs keep their units.
"""

import jax
import jax.numpy as jnp

from adapt.augment import blur, image_ops, random_views, series_views

_SERIES = {"series": False, "padded_series": True}  # whether the last channel marks padding


def weak(key: jax.Array, x: jax.Array, mirror: bool = True, kind: str = "") -> jax.Array:
  """Weak view: flip and shift images (see `random_views.weak`), shift series in time.

  Everything else stays as it is.

  Args:
    key: random key.
    x: [b, ...] inputs.
    mirror: whether images are flipped.
    kind: what the inputs are, as in `Net.kind`.
  """
  if kind in _SERIES:
    return series_views.weak(key, x)
  return random_views.weak(key, x, mirror) if _image(x, kind) else x


def strong(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool = True, kind: str = ""
) -> jax.Array:
  """Strong view: RandAugment and Cutout on images, masks and noise on series.

  Everything else gets Gaussian noise.

  Args:
    key: random key.
    x: [b, ...] inputs.
    noise: standard deviation of the noise, in the inputs' units; of series, a part of each one's
      own; images take none.
    mirror: whether images are flipped.
    kind: what the inputs are, as in `Net.kind`.
  """
  if kind in _SERIES:
    return series_views.strong(key, x, noise, _SERIES[kind])
  return random_views.strong(key, x, mirror=mirror) if _image(x, kind) else _noisy(key, x, noise)


def one_and_two(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool = True, kind: str = ""
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """A weak view and two strong ones."""
  k_weak, *k_strong = jax.random.split(key, 3)
  first, second = (strong(k, x, noise, mirror, kind) for k in k_strong)
  return weak(k_weak, x, mirror, kind), first, second


def jittered(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool = True, kind: str = ""
) -> jax.Array:
  """Weak view with added Gaussian noise.

  Self-ensembling shows its inputs like this.

  Args:
    key: random key.
    x: [b, ...] inputs.
    noise: standard deviation of the noise; for images on the scale of [-1, 1]; of series, a part
      of each one's own.
    mirror: whether images are flipped.
    kind: what the inputs are, as in `Net.kind`.
  """
  k_view, k_noise = jax.random.split(key)
  seen = weak(k_view, x, mirror, kind)
  if kind in _SERIES:
    return series_views.noisy(k_noise, seen, noise, _SERIES[kind])
  return _noisy(k_noise, seen, noise)


def _image(x: jax.Array, kind: str) -> bool:
  return kind == "image" if kind else x.ndim == 4


def _noisy(key: jax.Array, x: jax.Array, noise: jax.Array | float) -> jax.Array:
  return x + noise * jax.random.normal(key, x.shape, jnp.float32)


def in_place(
  key: jax.Array, x: jax.Array, jitter: float, noise: jax.Array | float, kind: str = ""
) -> jax.Array:
  """View that leaves pixels in place: colour jitter and blur of images.

  Each image is jittered with probability 0.8, and blurred with 0.5, by 0.15 to 1.15 pixels, as in DACS
  (Tranheden et al., 2021, arXiv:2007.08702). Everything else gets Gaussian noise.

  Args:
    key: random key.
    x: [b, ...] inputs.
    jitter: of brightness, contrast, saturation and hue, see `random_views.colour_jitter`.
    noise: standard deviation of the noise of what is no image, as in `strong`.
    kind: what the inputs are, as in `Net.kind`.
  """
  if kind in _SERIES:
    return series_views.noisy(key, x, noise, _SERIES[kind])
  if not _image(x, kind):
    return _noisy(key, x, noise)
  k_jitter, k_blur = jax.random.split(key)

  def one(key: jax.Array, image: jax.Array, changed: jax.Array) -> jax.Array:
    jittered, blurred, sigma = jax.random.uniform(key, (3,))
    image = jnp.where(jittered < 0.8, changed, image)
    return jnp.where(blurred < 0.5, blur.gaussian(image, 0.15 + sigma), image)

  plain = image_ops.scaled(image_ops.levels(x))
  changed = random_views.colour_jitter(k_jitter, x, jitter, jitter, jitter, jitter)
  return jax.vmap(one)(random_views.keys(k_blur, x), plain, changed)
