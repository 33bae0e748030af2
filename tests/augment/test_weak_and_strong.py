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
