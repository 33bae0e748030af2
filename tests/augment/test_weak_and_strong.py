"""Views: images are FixMatch's, everything else gets noise of the given size and nothing more."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.augment import random_views, weak_and_strong

KEY = jax.random.key(5)
VECTORS = jax.random.normal(KEY, (200, 30))
IMAGES = jax.random.randint(KEY, (4, 8, 8, 1), 0, 256).astype(jnp.uint8)


def test_vectors_are_weakly_themselves_and_strongly_noisy():
  np.testing.assert_array_equal(weak_and_strong.weak(KEY, VECTORS), VECTORS)
  for view in (weak_and_strong.strong, weak_and_strong.jittered):
    noise = np.asarray(view(KEY, VECTORS, 0.3) - VECTORS)
    assert noise.std() == pytest.approx(0.3, rel=0.05) and abs(noise.mean()) < 0.02
    np.testing.assert_array_equal(view(KEY, VECTORS, 0.0), VECTORS)
    assert (view(jax.random.key(6), VECTORS, 0.3) != view(KEY, VECTORS, 0.3)).all()


def test_images_are_augmented():
  np.testing.assert_array_equal(
    weak_and_strong.weak(KEY, IMAGES, mirror=False), random_views.weak(KEY, IMAGES, False)
  )
  quiet, noisy = (weak_and_strong.jittered(KEY, IMAGES, n, mirror=False) for n in (0.0, 0.5))
  assert quiet.dtype == jnp.float32 and quiet.min() >= -1 and quiet.max() <= 1
  assert np.asarray(noisy - quiet).std() == pytest.approx(0.5, rel=0.2)


def test_strong_images_take_no_noise():
  calls = []

  def strong(key, x, mirror):
    calls.append((x.shape, mirror))
    return x

  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(random_views, "strong", strong)
    np.testing.assert_array_equal(weak_and_strong.strong(KEY, IMAGES, 9.0, mirror=False), IMAGES)
  assert calls == [((4, 8, 8, 1), False)]


def test_a_view_in_place_moves_no_pixel_and_changes_most_images():
  """A bright square stays where it is; of many images about a tenth, 0.2 · 0.5, are as they were."""
  x = np.full((200, 8, 8, 3), 40, np.uint8)
  x[:, 2:5, 3:7] = [200, 120, 90]
  view = jax.jit(lambda x: weak_and_strong.in_place(KEY, x, 0.25, 9.0))(jnp.asarray(x))
  assert view.dtype == jnp.float32 and np.abs(view).max() < 1 + 1e-6
  grey = np.asarray(view.mean(axis=-1))
  lit = grey - grey[:, :1, :1]
  centre = [(lit.mean(axis=a) * np.arange(8)).sum(1) / lit.mean(axis=a).sum(1) for a in (2, 1)]
  np.testing.assert_allclose(centre, [[3.0] * 200, [4.5] * 200], atol=0.15)
  same = (np.abs(view - (x / 127.5 - 1)) < 1e-6).all(axis=(1, 2, 3)).mean()
  assert 0.04 < same < 0.18
  steps = np.abs(np.diff(np.asarray(view), axis=2)).max(axis=(1, 2, 3))
  assert np.std(steps) > 0.05  # some are blurred, some not
  noise = np.asarray(weak_and_strong.in_place(KEY, VECTORS, 0.25, 0.3) - VECTORS)
  assert noise.std() == pytest.approx(0.3, rel=0.05)


def test_one_weak_view_and_two_strong_ones_that_differ():
  x = jnp.ones((4, 3))
  weak, first, second = weak_and_strong.one_and_two(jax.random.key(0), x, 0.5)
  np.testing.assert_array_equal(weak, x)
  assert (first != second).all() and (first != x).all()
