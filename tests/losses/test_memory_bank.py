"""The memory bank: whose entry is whose, whom it finds, what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.losses import memory_bank


def visit(rows, first=0.0):
  """A batch of these examples, whose features tell the place in the batch."""
  places = first + jnp.arange(float(len(rows)))
  return {"rows": jnp.asarray(rows, jnp.int32), "features": jnp.stack([places, -places], axis=1)}


def test_a_visit_replaces_the_entry_of_its_example():
  bank = memory_bank.empty(5, {"features": 2})
  assert bank["rows"].tolist() == [-1] * 5  # nobody's
  bank = memory_bank.remember(bank, visit([4, 1, 2], first=1))
  bank = memory_bank.remember(bank, visit([2, 0], first=7))
  assert bank["rows"].tolist() == [0, 1, 2, -1, 4]
  assert bank["features"][:, 0].tolist() == [8, 2, 7, 0, 1]
  np.testing.assert_array_equal(bank["features"][:, 1], -bank["features"][:, 0])


def test_no_entry_holds_a_copy_of_another_and_the_last_of_a_batch_has_a_shared_one():
  bank = memory_bank.remember(memory_bank.empty(3, {"features": 2}), visit([0, 4, 1, 7, 0]))
  assert bank["rows"].tolist() == [0, 7, -1]
  assert bank["features"][:, 0].tolist() == [4, 3, 0]


@pytest.mark.parametrize(
  ("size", "m", "rows"),
  [
    (4, 4, [0, 1, 2, 3]),
    (4, 3, [0, 1, 2, -1]),
    (4, 10, [0, 5, 2, 7]),  # 0, 4, 8 share the first entry, 1, 5, 9 the second; 2, 6 the third
  ],
)
def test_filling_takes_every_example_or_a_share_of_the_whole_order(size, m, rows):
  everything = {"features": jnp.stack([jnp.arange(float(m))] * 2, axis=1)}
  bank = memory_bank.fill(memory_bank.empty(size, {"features": 2}), everything)
  assert bank["rows"].tolist() == rows
  assert bank["features"][:, 1].tolist() == [max(row, 0) for row in rows]


def test_nearest_are_those_of_the_largest_inner_products():
  rng = np.random.default_rng(0)
  kept, asked = rng.normal(size=(7, 3)), rng.normal(size=(4, 3))
  rows = np.array([-1, 0, 1, 2, 3, 9, 5])  # four of them are the askers' own, one is nobody's
  kept[0] = 9 * asked[0]
  bank = {"rows": jnp.asarray(rows), "features": jnp.asarray(kept)}
  found = memory_bank.nearest(bank, jnp.asarray(asked), 2, jnp.arange(4))
  for i, places in enumerate(found.tolist()):
    others = [j for j in range(1, 7) if rows[j] != i]
    assert places == sorted(others, key=lambda j: -(asked[i] @ kept[j]))[:2]


def test_where_nobody_else_was_yet_an_example_does_not_find_itself():
  bank = memory_bank.remember(memory_bank.empty(3, {"features": 2}), visit([0], first=1))
  found = memory_bank.nearest(bank, bank["features"][:1], 2, jnp.arange(1))
  assert sorted(found[0].tolist()) == [1, 2]


def test_unit_features_have_length_one_and_nothing_stays_nothing():
  x = jnp.array([[0.3, 0.4], [30.0, 40.0], [0.0, 0.0]])
  np.testing.assert_allclose(memory_bank.unit(x), [[0.6, 0.8], [0.6, 0.8], [0, 0]], rtol=1e-6)
  assert jnp.isfinite(jax.grad(lambda x: memory_bank.unit(x).sum())(x)).all()


def test_a_bank_has_an_entry_per_target_example_up_to_its_limit():
  assert memory_bank.entries(300, 1000, 5) == 300
  assert memory_bank.entries(3000, 1000, 5) == 1000
  assert memory_bank.entries(0, 1000, 5) == 1000


@pytest.mark.parametrize("neighbours", [0, 8])
@pytest.mark.parametrize(("targets", "held"), [(8, "8 target examples"), (9, "a memory of 8")])
def test_impossible_numbers_of_neighbours_are_refused(neighbours, targets, held):
  limit = 100 if targets == 8 else 8
  with pytest.raises(ValueError, match=f"{neighbours} neighbours in {held}: choose 1 to 7"):
    memory_bank.entries(targets, limit, neighbours)


def test_a_memory_of_nothing_but_oneself_is_refused():
  with pytest.raises(ValueError, match="holds no neighbour: choose a larger one"):
    memory_bank.entries(0, 1, 1)


def test_votes_are_means_of_the_nearest_with_an_example_s_own():
  bank = {
    "rows": jnp.array([0, 1, 2, -1]),
    "features": jnp.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0], [1.0, 0.0]]),  # the last is nobody's
    "predictions": jnp.array([[1.0, 0.0], [0.5, 0.5], [0.2, 0.8], [0.0, 1.0]]),
  }
  found = memory_bank.voted(bank, jnp.array([[5.0, 0.1], [0.0, 0.3]]), 2)
  np.testing.assert_allclose(found, [[0.75, 0.25], [0.35, 0.65]], rtol=1e-6)
