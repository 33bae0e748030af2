"""Random views of time series, drawn inside the compiled step.

Series are [b, t, c, ...] float32: t steps of c channels or spectral bands. Views keep shape and
units; amounts are relative to each example's own spread. What happens to series i depends on the key
and on i alone. A series is never mirrored, and its bands never change places.

Padded series have one more channel, the last, that is 1 at real steps and 0 at padded ones. A shift in
time moves it with the others; nothing else changes it, and padded steps stay 0.

Sources: jitter, scaling and shifts as surveyed by Iwana and Uchida (2021, arXiv:2007.15951); masks of
time and bands from SpecAugment (Park et al., 2019, arXiv:1904.08779).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

SHIFTED = 8  # a shift is by up to an eighth of the steps
MASKED = 4  # a mask covers up to a quarter of the steps or bands
SCALED = 0.2  # the factor of the deviation from the mean is in 1 ± this
FEWEST_BANDS = 8  # with fewer channels each is a sensor of its own, and none is hidden


def weak(key: jax.Array, x: jax.Array) -> jax.Array:
  """Weak view: a shift in time, padded with the end step.

  The first or last step fills what the shift leaves.
  """

  def one(key: jax.Array, series: jax.Array) -> jax.Array:
    t = len(series)
    by = jax.random.randint(key, (), -(t // SHIFTED), t // SHIFTED + 1)
    return series[jnp.clip(jnp.arange(t) + by, 0, t - 1)]

  return jax.vmap(one)(_keys(key, x), x)


def strong(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, padded: bool = False
) -> jax.Array:
  """Strong view: the weak view scaled, jittered and masked.

  Masks cover spans of time and of bands.

  Args:
    key: random key.
    x: [b, t, c, ...] series.
    noise: standard deviation of the jitter, as a part of each example's own.
    padded: whether the last channel tells real steps from padded ones.
  """
  k_weak, k_noise, k_strong = jax.random.split(key, 3)
  x = weak(k_weak, x)
  if padded:
    return _real(x, lambda x: _changed(k_noise, k_strong, x, noise))
  return _changed(k_noise, k_strong, x, noise)


def _changed(
  k_noise: jax.Array, k_strong: jax.Array, x: jax.Array, noise: jax.Array | float
) -> jax.Array:
  """Series scaled, jittered, and masked over time and bands."""
  jitter = noisy(k_noise, x, noise) - x

  def one(key: jax.Array, series: jax.Array, jitter: jax.Array) -> jax.Array:
    factor, *places = jax.random.uniform(key, (5,))
    mean = series.mean(axis=0, keepdims=True)  # of each band, so that a mask says nothing
    moved = (series - mean) * (1 + SCALED * (2 * factor - 1)) + jitter
    hidden = _mask(series.shape[0], *places[:2])[:, None]
    if series.shape[1] >= FEWEST_BANDS:
      hidden = hidden | _mask(series.shape[1], *places[2:])[None]
    hidden = hidden.reshape(*hidden.shape, *(1,) * (series.ndim - 2))
    return mean + jnp.where(hidden, 0.0, moved)

  return jax.vmap(one)(_keys(k_strong, x), x, jitter)


def noisy(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, padded: bool = False
) -> jax.Array:
  """Series with Gaussian noise, `noise` times each example's standard deviation.

  Padded steps count as the mean of their series, so the noise of short padded series is weaker.
  """
  if padded:
    return _real(x, lambda x: noisy(key, x, noise))

  def one(key: jax.Array, series: jax.Array) -> jax.Array:
    return series + noise * series.std() * jax.random.normal(key, series.shape, jnp.float32)

  return jax.vmap(one)(_keys(key, x), x)


def _real(x: jax.Array, view: Callable[[jax.Array], jax.Array]) -> jax.Array:
  """Padded series with a view of their real steps; padding and the last channel stay as they are."""
  values, real = x[:, :, :-1], x[:, :, -1:]
  mean = (values * real).sum(axis=1, keepdims=True) / jnp.maximum(
    real.sum(axis=1, keepdims=True), 1
  )
  # At the mean, padding moves neither a band's mean nor what a view does about it.
  seen = view(jnp.where(real > 0, values, mean))
  return jnp.concatenate([jnp.where(real > 0, seen, 0.0), real], axis=2)


def _mask(n: int, length: jax.Array, place: jax.Array) -> jax.Array:
  """A run of up to n / MASKED of n places, [n] bool, from two uniform numbers."""
  size = jnp.floor(length * (n // MASKED + 1))
  start = jnp.floor(place * (n - size + 1))
  at = jnp.arange(n)
  return (at >= start) & (at < start + size)


def _keys(key: jax.Array, x: jax.Array) -> jax.Array:
  """One key per example, which does not depend on how many there are."""
  return jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.arange(len(x)))
