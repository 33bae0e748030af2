"""What holds for every method over a stream."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from small_streams import NAMES, POOL, RATE, VARIED, XS, follower, program, stream, varied
from two_norms import BATCH, FORWARD, model

from adapt.streams import methods, orders, scan
from adapt.streams.online import Online


@pytest.mark.parametrize("name", NAMES)
def test_a_later_batch_changes_no_earlier_prediction(name):
  rows, reset = stream()
  poisoned = POOL.at[rows[3]].add(50.0)
  logits = program(name)(varied(name), POOL, rows, reset)
  others = program(name)(varied(name), poisoned, rows, reset)
  np.testing.assert_array_equal(logits[:3], others[:3])
  assert (logits[3] != others[3]).any()


@pytest.mark.parametrize("name", NAMES)
def test_episodes_do_not_know_of_each_other(name):
  rows, _ = stream()
  logits = program(name)(varied(name), POOL, rows, jnp.ones(len(rows), bool))
  turned = program(name)(varied(name), POOL, rows[::-1], jnp.ones(len(rows), bool))
  np.testing.assert_allclose(logits, turned[::-1], atol=1e-6)
  going_on = program(name)(varied(name), POOL, rows, jnp.zeros(len(rows), bool))
  learns = name not in ("source", "norm", "lame", "memo")
  assert (np.abs(going_on - logits).max() > 1e-5) == learns


def test_a_reset_brings_the_first_state_back():
  """A method that predicts how many batches it has seen."""

  def step(seen, x):
    return jnp.broadcast_to(jax.nn.one_hot(seen, 8), (len(x), 8)), seen + 1

  counting = Online(lambda params, stats, xs: jnp.int32(0), step)
  reset = jnp.array([True, False, False, True, False, True])
  predicted = scan.follow(counting, jnp.int32(0), POOL, stream()[0], reset)
  np.testing.assert_array_equal(predicted, np.repeat([[0, 1, 2, 0, 1, 0]], BATCH, 0).T)


def test_what_is_not_finite_is_no_class():
  rows, reset = stream()
  spoilt = POOL.at[rows[1, 2]].set(jnp.nan)
  predicted = follower("source")({}, spoilt, rows, reset)
  plain = follower("source")({}, POOL, rows, reset)
  np.testing.assert_array_equal(plain, program("source")({}, POOL, rows, reset).argmax(-1))
  where = np.zeros(rows.shape, bool)
  where[1, 2] = True
  np.testing.assert_array_equal(predicted, np.where(where, -1, plain))


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("name", ["tent", "norm"])
def test_lanes_are_runs_alone(name, together):
  key, *values = VARIED.get(name, RATE)
  made = zip(("continual", "episodic"), (0, 1), strict=True)
  both = [orders.make(kind, np.arange(12) % 3, 3, BATCH, seed=s) for kind, s in made]
  order, reset = (jnp.asarray(np.stack(v)) for v in zip(*both, strict=True))
  models = jax.tree.map(lambda *v: jnp.stack(v), model(0), model(1))
  lanes = scan.Lanes(
    np.array([0, 1, 0, 0]), np.array([0, 0, 1, 1]), {key: np.array([*values, *values])}
  )
  found = scan.run(
    methods.get(name), FORWARD, models, XS, POOL, order, reset, lanes, side_by_side=together
  )
  assert found.shape == (4, 6, BATCH)
  for i in (0, 2, 3):
    which = lanes.order[i]
    hyper = {key: jnp.float32(lanes.hyper[key][i])}
    alone = follower(name)(hyper, POOL, order[which], reset[which])
    np.testing.assert_array_equal(found[i], alone)
  assert (found[0] != found[1]).any()


def test_labels_move_no_prediction():
  """A stream of given rows has no labels to read; those that made the rows may be anything."""
  noise = np.random.default_rng(0).integers(0, 3, 12)
  one = orders.make("continual", np.arange(12) % 3, 3, BATCH, seed=0)
  other = orders.make("continual", noise, 3, BATCH, seed=0)
  np.testing.assert_array_equal(one.rows, other.rows)
