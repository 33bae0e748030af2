"""FDA: amplitudes of low frequencies are the target's, and one step equals the step by hand."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.fda import transferred

# Vectors have no frequencies, so that on them it is entropy minimisation: a penalty to switch off.
TOY = {"given": {"weight": 0.1}, "null": False}
GOLDEN = {"entropy_loss": 0.8908457, "label_loss": 0.6019585, "loss": 0.691043}


def by_authors(source, target, beta):
  """As the authors write it, for one image [h, w, c]: a shifted spectrum, and a square cut from it."""
  one, other = (np.fft.fft2(x, axes=(0, 1)) for x in (source, target))
  amplitude, phase = np.abs(one), np.angle(one)
  ours, theirs = (np.fft.fftshift(a, axes=(0, 1)) for a in (amplitude, np.abs(other)))
  h, w = source.shape[:2]
  b = int(np.floor(min(h, w) * beta))
  rows = slice(h // 2 - b, h // 2 + b + 1)
  columns = slice(w // 2 - b, w // 2 + b + 1)
  ours[rows, columns] = theirs[rows, columns]
  amplitude = np.fft.ifftshift(ours, axes=(0, 1))
  return np.fft.ifft2(amplitude * np.exp(1j * phase), axes=(0, 1)).real


@pytest.mark.parametrize(("shape", "beta"), [((8, 12), 0.0), ((8, 12), 0.13), ((9, 7), 0.3)])
def test_images_are_transferred_as_the_authors_do(shape, beta):
  rng = np.random.default_rng(0)
  source, target = rng.normal(size=(2, 3, *shape, 2))
  expected = np.stack([by_authors(s, t, beta) for s, t in zip(source, target, strict=True)])
  found = transferred(jnp.asarray(source, jnp.float32), jnp.asarray(target, jnp.float32), beta)
  np.testing.assert_allclose(found, expected, atol=1e-5)
  assert np.abs(found - source).max() > 0.1


def test_bytes_are_scaled_before_and_series_have_frequencies_of_time():
  x = jnp.asarray(np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3)), jnp.uint8)
  np.testing.assert_allclose(transferred(x, x, 0.4), x / 127.5 - 1, atol=1e-5)
  series = jnp.asarray(np.random.default_rng(1).normal(size=(2, 2, 8, 3, 1)), jnp.float32)
  found = transferred(*series, 0.0, "series")
  means = np.abs(series[1].mean(axis=1)) * np.sign(series[0].mean(axis=1))
  np.testing.assert_allclose(found.mean(axis=1), means, atol=1e-5)


@pytest.mark.parametrize(("weight", "power"), [(0.0, 2.0), (0.7, 2.0), (0.7, 1.5)])
def test_one_step_equals_the_step_by_hand(weight, power):
  ts, step = by_hand.start("fda", weight=weight, power=power)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l)
  entropy = -(p * np.log(p)).sum(1, keepdims=True)
  share = entropy / np.log(by_hand.K)
  inside = share**2 + 1e-8
  slope = power * inside ** (power - 1) * 2 * share / np.log(by_hand.K) / by_hand.B
  dt = weight * slope * -p * (np.log(p) + entropy)
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt))
  by_hand.assert_step(ts, *step(), {"net": grads}, label_loss + weight * np.mean(inside**power))


def test_vectors_are_told_of():
  method = methods.get("fda")(models.build("mlp", by_hand.K))
  with pytest.warns(UserWarning, match="fda leaves vectors as they are"):
    method.init(jax.random.key(0), by_hand.batch())
