"""Perturbed views of inputs for consistency methods.

Images get FixMatch's views, and everything else gets noise.

Which of the two is decided by the shape alone: [b, h, w, c] are images. Images come out as float32
in [-1, 1], as random_views.py makes them; other inputs keep their units.
"""

import jax
import jax.numpy as jnp

from adapt.augment import random_views


def weak(key: jax.Array, x: jax.Array, mirror: bool = True) -> jax.Array:
  """Weak view: flip and shift images (see `augment.weak`).

  Everything else stays as it is.

  Args:
    key: random key.
    x: [b, ...] inputs.
    mirror: whether images are flipped.
  """
  return random_views.weak(key, x, mirror) if x.ndim == 4 else x


def strong(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool = True
) -> jax.Array:
  """Strong view: RandAugment and Cutout on images (see `augment.strong`).

  Everything else gets Gaussian noise.

  Args:
    key: random key.
    x: [b, ...] inputs.
    noise: standard deviation of the noise, in the inputs' units; images take none.
    mirror: whether images are flipped.
  """
  return random_views.strong(key, x, mirror=mirror) if x.ndim == 4 else _noisy(key, x, noise)


def jittered(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool = True
) -> jax.Array:
  """Weak view with added Gaussian noise.

  Self-ensembling shows its inputs like this.

  Args:
    key: random key.
    x: [b, ...] inputs.
    noise: standard deviation of the noise; for images on the scale of [-1, 1].
    mirror: whether images are flipped.
  """
  k_view, k_noise = jax.random.split(key)
  return _noisy(k_noise, weak(k_view, x, mirror), noise)


def _noisy(key: jax.Array, x: jax.Array, noise: jax.Array | float) -> jax.Array:
  return x + noise * jax.random.normal(key, x.shape, jnp.float32)
