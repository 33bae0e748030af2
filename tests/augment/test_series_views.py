"""Series: views keep shape, order of bands and units, and what happens to one is its own."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.augment import random_views, series_views, weak_and_strong

KEY = jax.random.key(3)
# Steps and bands both count upwards, so that any change of their order shows.
RAMPS = (jnp.arange(32.0)[:, None] + 100 * jnp.arange(16.0))[None, ..., None] + jnp.zeros(
  (6, 1, 1, 1)
)


def test_weak_view_moves_time_alone():
  seen = np.asarray(series_views.weak(KEY, RAMPS))[..., 0]
  assert seen.shape == RAMPS.shape[:-1]
  np.testing.assert_array_equal(np.diff(seen, axis=2), 100)  # no band has changed places
  steps = np.diff(seen[:, :, 0], axis=1)
  assert ((steps == 0) | (steps == 1)).all()  # forwards, its ends held
  starts = seen[:, 16, 0] - 16
  assert np.abs(starts).max() <= 4 and len(set(starts.tolist())) > 1


def test_strong_view_masks_time_and_bands_but_no_sensor():
  flat = np.asarray(series_views.strong(KEY, RAMPS * 0 + RAMPS, 0.0))[..., 0]
  means = np.asarray(series_views.weak(jax.random.split(KEY, 3)[0], RAMPS)).mean(axis=1)[..., 0]
  hidden = np.isclose(flat, means[:, None], atol=1e-3)
  bands, steps = hidden.all(axis=1), hidden.all(axis=2)
  assert bands.sum() > 0 and bands.sum(axis=1).max() <= 4
  assert steps.sum() > 0 and steps.sum(axis=1).max() <= 8 + 1
  sensors = np.asarray(series_views.strong(KEY, RAMPS[:, :, :3], 0.0))[..., 0]
  assert not (sensors == sensors[:, :1]).all(axis=1).any()


def test_noise_is_a_part_of_each_series_own_spread():
  x = jax.random.normal(KEY, (4, 400, 2)) * jnp.array([1.0, 10, 100, 1000])[:, None, None]
  noise = np.asarray(series_views.noisy(KEY, x, 0.2) - x).std(axis=(1, 2))
  np.testing.assert_allclose(noise / np.asarray(x).std(axis=(1, 2)), 0.2, rtol=0.1)


@pytest.mark.parametrize("view", [series_views.weak, lambda k, x: series_views.strong(k, x, 0.1)])
def test_what_happens_to_one_does_not_depend_on_the_others(view):
  many, few = jax.jit(view)(KEY, RAMPS), view(KEY, RAMPS[:2])
  np.testing.assert_allclose(many[:2], few, rtol=1e-5)
  assert (np.asarray(view(jax.random.key(4), RAMPS)) != np.asarray(many)).any()


def test_the_kind_decides_not_the_shape():
  with pytest.MonkeyPatch.context() as patch:
    for name in ("weak", "strong", "flip"):
      patch.setattr(random_views, name, None)  # whoever takes series for images fails
    for view in (weak_and_strong.strong, weak_and_strong.jittered):
      assert view(KEY, RAMPS, 0.1, kind="series").shape == RAMPS.shape
    np.testing.assert_array_equal(
      weak_and_strong.weak(KEY, RAMPS, kind="series"), series_views.weak(KEY, RAMPS)
    )
    np.testing.assert_array_equal(weak_and_strong.weak(KEY, RAMPS, kind="vector"), RAMPS)
