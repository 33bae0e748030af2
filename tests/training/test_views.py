"""Views of a run: as they are without augmentation, else drawn anew at each step, one for each part."""

import jax
import jax.numpy as jnp
import numpy as np

from adapt.method import Batch
from adapt.training import views
from adapt.training.settings import Settings
from adapt.training.shared_step import TrainState

X = jnp.asarray(np.random.default_rng(0).integers(0, 256, (2, 9, 9, 3)), jnp.uint8)
BATCH = Batch(X, jnp.zeros(2, jnp.int32), jnp.ones(2), jnp.ones((2, 1)), X)
CROP = Settings(augment="crop", image_size=8)


def at(step):
  return TrainState(jnp.asarray(step), jax.random.key(0), {}, {}, {}, jnp.ones((), bool))


def test_without_augmentation_inputs_are_as_they_are():
  assert views.train(Settings(), at(0), BATCH) is BATCH and views.test(Settings(), X) is X
  assert set(views.inputs(BATCH)) == {"xs", "xt"} and set(views.inputs(BATCH._replace(xl=X))) == {
    "xs",
    "xt",
    "xl",
  }


def test_views_differ_between_steps_and_between_domains_and_not_between_calls():
  one, again, later = (views.train(CROP, at(step), BATCH) for step in (3, 3, 4))
  np.testing.assert_array_equal(one.xs, again.xs)
  assert one.xs.shape == (2, 8, 8, 3) and (one.xs != later.xs).any() and (one.xs != one.xt).any()
  assert views.test(CROP, X).shape == (2, 8, 8, 3)
