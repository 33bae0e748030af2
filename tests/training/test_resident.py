"""resident: each pass a fresh permutation, whatever the chunks; rows become the right batch."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt.training import resident

KEY = jax.random.key(11)
planned = jax.jit(resident.plan, static_argnums=(1, 2, 4))  # start is traced, as in training


def plan(n, batch, start, length, key=KEY):
  return np.asarray(planned(key, n, batch, start, length))


@functools.cache
def fifty():
  """Ten and two thirds batches fit into 32 rows, so 50 steps cross four boundaries of a pass."""
  return plan(32, 3, 0, 50)


def test_rows_are_within_the_set_and_none_repeats_within_a_pass():
  passes = fifty().reshape(5, 30)
  for rows in passes:
    assert len(set(rows)) == 30
    assert rows.min() >= 0
    assert rows.max() < 32


def test_what_does_not_fill_a_batch_waits_for_another_pass():
  assert set(fifty().ravel()) == set(range(32))


def test_each_pass_is_a_fresh_permutation():
  passes = fifty().reshape(5, 30)
  assert len({tuple(p) for p in passes}) == 5
  assert all(np.any(p != np.sort(p)) for p in passes)


def test_cutting_into_chunks_changes_nothing():
  starts = np.cumsum([0, 1, 7, 14, 10])  # the last two pieces start on and off a boundary
  pieces = [
    plan(32, 3, start, length) for start, length in zip(starts, (1, 7, 14, 10, 18), strict=True)
  ]
  np.testing.assert_array_equal(np.concatenate(pieces), fifty())


@pytest.mark.parametrize("start", [0, 9, 10, 11, 37])
def test_every_start_gives_the_same_steps(start):
  np.testing.assert_array_equal(plan(32, 3, start, 12), fifty()[start : start + 12])


def test_fewer_examples_than_a_batch_repeat_evenly():
  for rows in plan(4, 8, 0, 3):
    np.testing.assert_array_equal(np.bincount(rows, minlength=4), 2)
  for rows in plan(3, 8, 0, 3):
    assert set(np.bincount(rows, minlength=3)) == {2, 3}


def test_a_batch_as_large_as_the_set_is_the_set():
  rows = plan(6, 6, 0, 3)
  np.testing.assert_array_equal(np.sort(rows, axis=1), np.tile(np.arange(6), (3, 1)))
  assert len({tuple(r) for r in rows}) == 3


def test_keys_give_different_orders():
  assert np.any(plan(32, 3, 0, 50, jax.random.key(12)) != fifty())


ARRAYS = resident.Arrays(
  xs=jnp.arange(20.0).reshape(10, 2),
  ys=jnp.arange(10) + 100,
  ws=jnp.arange(10) * 0.5,
  ds=jnp.eye(2)[jnp.arange(10) // 5],
  xt=-jnp.arange(20.0).reshape(10, 2),
)
FEW = resident.Labelled(rows=jnp.array([7, 2, 9]), y=jnp.array([70, 20, 90]))


@functools.cache
def plans_with_few():
  return resident.plans(KEY, resident.sizes(ARRAYS, FEW), 5, 2, 4)


def test_source_target_and_labelled_rows_are_planned_apart():
  source, target, few = plans_with_few()
  assert source.shape == target.shape == few.shape == (4, 5)
  assert np.any(source != target)  # as many examples, yet not in step
  assert set(np.asarray(few).ravel()) == {0, 1, 2}


def test_plans_do_not_change_when_labelled_examples_are_added():
  source, target, few = resident.plans(KEY, resident.sizes(ARRAYS, None), 5, 2, 4)
  assert few is None
  np.testing.assert_array_equal((source, target), plans_with_few()[:2])


def test_take_picks_the_planned_rows():
  batch = resident.take(ARRAYS, None, (jnp.array([3, 0]), jnp.array([8, 1]), None))
  np.testing.assert_array_equal(batch.xs, [[6, 7], [0, 1]])
  np.testing.assert_array_equal(batch.ys, [103, 100])
  np.testing.assert_array_equal(batch.ws, [1.5, 0])
  np.testing.assert_array_equal(batch.ds, [[1, 0], [1, 0]])
  np.testing.assert_array_equal(batch.xt, [[-16, -17], [-2, -3]])
  assert batch.xl is None
  assert batch.yl is None


def test_source_domains_go_with_their_rows():
  batch = resident.take(ARRAYS, None, (jnp.array([4, 5]), jnp.array([0, 0]), None))
  np.testing.assert_array_equal(batch.ds, [[1, 0], [0, 1]])


def test_labelled_rows_index_the_target_through_the_declared_ones():
  rows = jnp.array([0, 0]), jnp.array([0, 0]), jnp.array([2, 0])
  batch = resident.take(ARRAYS, FEW, rows)
  np.testing.assert_array_equal(batch.xl, [[-18, -19], [-14, -15]])
  np.testing.assert_array_equal(batch.yl, [90, 70])


def test_rows_are_drawn_by_weight_from_a_step_on_whatever_the_chunks():
  ws = jnp.asarray([0.0, 3.0, 0.0, 1.0, 0.0])
  planned = jnp.zeros((60, 50), jnp.int32)
  whole = np.asarray(resident.resampled(planned, KEY, ws, jnp.asarray(0), 10.0))
  assert not whole[:10].any() and set(whole[10:].ravel()) == {1, 3}
  assert (whole[10:] == 1).mean() == pytest.approx(0.75, abs=0.03)
  later = resident.resampled(planned[:20], KEY, ws, jnp.asarray(40), 10.0)
  np.testing.assert_array_equal(later, whole[40:])
