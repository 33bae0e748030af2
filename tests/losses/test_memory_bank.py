"""The queue of seen examples: what it forgets, whom it finds, what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.losses import memory_bank


def test_the_newest_are_in_front_and_the_oldest_are_gone():
  queue = memory_bank.empty(5, {"features": 2, "labels": 1})
  for first in (0.0, 3.0):
    rows = first + jnp.arange(3.0)
    new = {"features": jnp.stack([rows, rows], axis=1), "labels": rows[:, None]}
    queue = memory_bank.remember(queue, {"rows": rows.astype(jnp.int32), **new})
  assert queue["rows"].tolist() == [3, 4, 5, 0, 1]
  assert queue["labels"][:, 0].tolist() == [3, 4, 5, 0, 1]
  np.testing.assert_array_equal(queue["features"], jnp.repeat(queue["labels"], 2, axis=1))


def test_a_batch_larger_than_the_queue_fills_it():
  queue = memory_bank.empty(2, {"features": 1})
  assert queue["rows"].tolist() == [-1, -1]  # nobody's
  new = {"rows": jnp.arange(3), "features": jnp.arange(3.0)[:, None]}
  queue = memory_bank.remember(queue, new)
  assert queue["features"].tolist() == [[0], [1]]


def test_nearest_are_those_of_the_largest_inner_products():
  rng = np.random.default_rng(0)
  kept, asked = rng.normal(size=(7, 3)), rng.normal(size=(4, 3))
  rows = np.array([-1, 0, 1, 2, 3, 9, 2])  # four of them are the askers' own, one is nobody's
  queue = {"rows": jnp.asarray(rows), "features": jnp.asarray(kept)}
  found = memory_bank.nearest(queue, jnp.asarray(asked), 2, jnp.arange(4))
  for i, found_rows in enumerate(found.tolist()):
    others = [j for j in range(7) if rows[j] != i]
    assert found_rows == sorted(others, key=lambda j: -(asked[i] @ kept[j]))[:2]


def test_unit_features_have_length_one_and_nothing_stays_nothing():
  x = jnp.array([[0.3, 0.4], [30.0, 40.0], [0.0, 0.0]])
  np.testing.assert_allclose(memory_bank.unit(x), [[0.6, 0.8], [0.6, 0.8], [0, 0]], rtol=1e-6)
  assert jnp.isfinite(jax.grad(lambda x: memory_bank.unit(x).sum())(x)).all()


@pytest.mark.parametrize("neighbours", [0, 9])
def test_impossible_numbers_of_neighbours_are_refused(neighbours):
  with pytest.raises(ValueError, match="choose 1 to 8"):
    memory_bank.check(8, neighbours)


def test_a_memory_of_nothing_but_oneself_is_refused():
  memory_bank.check(3, 2, own=1)
  with pytest.raises(ValueError, match="holds no neighbour: choose a larger one"):
    memory_bank.check(1, 1, own=1)
