"""A series' spectrum: amplitude and phase, a filter that mixes channels, and gradients at amplitude 0."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.methods._spectrum import series, spectrum

RNG = np.random.default_rng(0)


def test_the_spectrum_equals_that_by_numpy():
  x = RNG.normal(size=(3, 9, 2))
  parts, smooth = RNG.normal(size=(2, 4, 2, 2)), RNG.normal(size=(3, 2))
  low, h = spectrum({"filter": jnp.asarray(parts), "smooth": jnp.asarray(smooth)}, jnp.asarray(x))
  whole = np.fft.rfft(np.cos(x), axis=1, norm="ortho")[:, :4]
  expected = np.stack([whole[:, m] @ (parts[0, m] + 1j * parts[1, m]) for m in range(4)], axis=1)
  np.testing.assert_allclose(low, expected, rtol=1e-4, atol=1e-5)
  both = np.pad(np.concatenate([np.abs(expected), np.angle(expected)], 1), ((0, 0), (1, 1), (0, 0)))
  smoothed = sum(both[:, i : i + 8] @ smooth[i] for i in range(3))
  np.testing.assert_allclose(h, smoothed, rtol=1e-3, atol=1e-4)


def test_a_frequency_that_is_not_there_has_a_gradient_of_0():
  frequency = {"filter": jnp.ones((2, 3, 1, 1)), "smooth": jnp.ones((3, 1))}
  constant = jnp.zeros((2, 4, 1))  # whose cosine is 1, and all frequencies but 0 are absent
  slope = jax.grad(lambda f: spectrum(f, constant)[1].sum())(frequency)
  assert all(jnp.isfinite(g).all() for g in jax.tree.leaves(slope))
  assert jnp.abs(slope["filter"][:, 0]).max() > 0 and (slope["filter"][:, 1:] == 0).all()


def test_inputs_as_series():
  assert series(jnp.zeros((2, 5))).shape == (2, 5, 1)
  assert series(jnp.zeros((2, 5, 3, 1))).shape == (2, 5, 3)
  images = series(jnp.full((2, 4, 6, 3), 255, jnp.uint8))
  assert images.shape == (2, 4, 18) and images.max() == 1
