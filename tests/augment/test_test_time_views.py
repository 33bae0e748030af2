import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.augment import test_time_views

KEY = jax.random.key(0)
IMAGES = jnp.asarray(np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1)), jnp.uint8)
VIEW = jax.jit(test_time_views.view, static_argnames=("mirror", "kind"))


def test_images_are_seen_changed_and_in_range():
  seen = VIEW(KEY, IMAGES, 9.0, mirror=False)
  plain = IMAGES / 127.5 - 1
  assert seen.dtype == jnp.float32 and jnp.abs(seen).max() <= 1
  assert 0.02 < jnp.abs(seen - plain).mean() < 0.6
  other = VIEW(KEY, IMAGES.at[0].set(0), 9.0, mirror=False)
  np.testing.assert_array_equal(seen[1:], other[1:])  # an image's view is its own
  assert jnp.abs(VIEW(jax.random.key(1), IMAGES, 9.0, mirror=False) - seen).max() > 0.1


def test_a_flat_image_has_no_border():
  """Beyond the edges the edge goes on, so moves and blur change nothing; jitter and noise do."""
  seen = VIEW(KEY, jnp.full((3, 8, 8, 1), 128, jnp.uint8), 0.0, mirror=False)
  assert jnp.ptp(seen, axis=(1, 2, 3)).max() < 0.1


def test_a_mirror_is_asked_for():
  left = jnp.zeros((24, 8, 8, 1), jnp.uint8).at[:, :, :3].set(255)

  def bright(mirror):
    seen = VIEW(KEY, left, 0.0, mirror=mirror)
    return np.asarray(seen[:, :, :4].mean((1, 2, 3)) > seen[:, :, 4:].mean((1, 2, 3)))

  assert bright(False).all() and set(bright(True)) == {True, False}


def test_what_is_no_image_gets_noise():
  x = jnp.zeros((400, 4))
  assert np.std(VIEW(KEY, x, 0.3, mirror=False)) == pytest.approx(0.3, rel=0.1)
  assert np.std(VIEW(KEY, x.reshape(4, 10, 10, 4), 0.3, mirror=False, kind="vector")) > 0.2


def test_tiles_are_shuffled_whole():
  tiles = np.arange(16).reshape(4, 4)
  x = jnp.asarray(np.kron(tiles, np.ones((2, 2)))[None, ..., None].repeat(2, 0))
  mixed = np.asarray(test_time_views.shuffled(KEY, x, 4))[..., 0]
  for image in mixed:
    corners = image[::2, ::2]
    np.testing.assert_array_equal(image, np.kron(corners, np.ones((2, 2))))
    assert sorted(corners.ravel()) == list(range(16)) and (corners != tiles).any()
  assert (mixed[0] != mixed[1]).any()
  with pytest.raises(ValueError, match="3 × 3 tiles"):
    test_time_views.shuffled(KEY, x, 3)
