"""Who gets a place in a memory, and when it is learnt from."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.streams import memories
from adapt.streams.methods import note


def held(*labels, seen=(0, 0, 0)):
  n = len(labels)
  return memories.Entries(
    jnp.array(labels, jnp.int32), jnp.zeros(n), jnp.ones(n), jnp.array(seen, jnp.float32)
  )


DRAWN = jax.jit(
  jax.vmap(lambda entries, label, key: note.rule(entries, label, 0.0, key), (None, None, 0))
)
KEYS = jax.random.split(jax.random.key(3), 2000)


def test_a_rare_class_takes_a_random_place_of_a_largest():
  entries = held(0, 0, 1, 1, 2, seen=(9, 9, 2))
  place, taken = DRAWN(entries, 2, KEYS)
  assert taken.all()
  np.testing.assert_allclose(np.bincount(place, minlength=5) / 2000, [0.25] * 4 + [0], atol=0.04)


def test_a_largest_class_is_a_reservoir_of_itself():
  entries = held(0, 0, 0, 1, 2, seen=(12, 1, 1))
  place, taken = DRAWN(entries, 0, KEYS)
  assert taken.mean() == pytest.approx(3 / 12, abs=0.04)
  np.testing.assert_allclose(
    np.bincount(place, minlength=5) / 2000, [1 / 3] * 3 + [0] * 2, atol=0.04
  )


def test_free_places_are_taken_first():
  place, taken = DRAWN(held(0, 0, -1, -1, -1, seen=(2, 0, 0)), 0, KEYS[:5])
  assert taken.all() and (place == 2).all()


def test_lessons_fall_after_each_so_many_inputs():
  def always(entries, label, uncertainty, key):
    return jnp.argmax(entries.label < 0), jnp.array(True)

  def learn(learner, memory):
    """How full the memory is at each lesson, digit by digit."""
    return learner * 100 + memory.held().sum()

  def three(batches):
    memory, learner = memories.empty(20, 3, batches[0]), jnp.float32(0)
    for i, x in enumerate(batches):
      items = memories.Items(x, jnp.zeros(5, int), jnp.zeros(5))
      memory, learner = memories.passed(
        memory, learner, items, 5 * i, every=4, rule=always, learn=learn, key=KEYS[0]
      )
    return memory, learner

  batches = jnp.arange(15.0).reshape(3, 5, 1)
  memory, learner = jax.jit(three)(batches)
  assert learner == 4_08_12
  np.testing.assert_array_equal(memory.xs[:15, 0], np.arange(15))
  np.testing.assert_array_equal(memory.entries.age, [*range(15, 0, -1), *[0] * 5])


def test_what_does_not_fit_is_refused():
  with pytest.raises(ValueError, match="at least 3"):
    memories.empty(2, 3, jnp.zeros((1, 4)))
  memory = memories.empty(4, 3, jnp.zeros((1, 4), jnp.uint8))
  items = memories.Items(jnp.zeros((2, 4)), jnp.zeros(2, int), jnp.zeros(2))
  with pytest.raises(ValueError, match=r"uint8, the stream's float32"):
    memories.added(memory, items, jnp.ones(2, bool), note.rule, KEYS[0])
