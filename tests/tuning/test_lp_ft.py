"""lp_ft's head alone by NumPy, then everything as full; the body exactly still until then."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt import tuning
from adapt.training import loop
from adapt.training.joint_tasks import Part
from adapt.tuning.lp_ft import lp_ft

TRAINABLE = ["body", "norm", "head"]


def body(state):
  return {name: entry for name, entry in state.params["net"].items() if name != "head"}


@pytest.mark.compares("the head's steps by NumPy")
def test_first_the_head_by_hand_and_then_everything(tiny, batch, states):
  passed = [ts for ts, _ in states(lp_ft(share=0.5), "fine_tune", tiny, batch, 4, 6)]
  start = passed[0]
  for early in passed[1:4]:  # steps 0, 1 and 2 of 6 lie in the first half
    jax.tree.map(np.testing.assert_array_equal, body(early), body(start))
    jax.tree.map(np.testing.assert_array_equal, early.state, start.state)
  late = passed[4]
  for path, leaf in jax.tree_util.tree_leaves_with_path(body(late)):
    now = start.params["net"]
    for key in path:
      now = now[key.key]
    assert (np.asarray(leaf) != np.asarray(now)).any(), path
  assert (late.state["stats"]["mean"] != start.state["stats"]["mean"]).all()

  # Nesterov momentum 0.9, rate 0.1, decay 0.3 on fixed features, in NumPy.
  net, stats = start.params["net"], start.state["stats"]
  features = np.asarray(tiny.apply(net, stats, batch.xl, False, None)[0][0], np.float64)
  extended = np.concatenate([features, np.ones((6, 1))], axis=1)
  w = np.vstack([net["head"]["kernel"], net["head"]["bias"]]).astype(np.float64)
  trace = np.zeros_like(w)
  for ts in passed[1:4]:
    e = np.exp(extended @ w)
    slope = extended.T @ (e / e.sum(1, keepdims=True) - np.eye(2)[batch.yl]) / 6 + 0.3 * w
    trace = slope + 0.9 * trace
    w = w - 0.1 * (slope + 0.9 * trace)
    head = ts.params["net"]["head"]
    np.testing.assert_allclose(np.vstack([head["kernel"], head["bias"]]), w, rtol=1e-4, atol=1e-6)


@pytest.mark.compares("full fine-tuning, in its second part")
def test_the_second_part_is_full_fine_tuning(tiny, x):
  params, stats = tiny.init(jax.random.key(0), x)
  key = jax.random.key(1)
  late = lp_ft().wrap(tiny, jnp.asarray(0.5)).apply(params, stats, x, True, key)
  jax.tree.map(
    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
    late,
    tiny.apply(params, stats, x, True, key),
  )
  moved, _ = lp_ft().pull(0.5, 0.3).update(params, (), params)
  jax.tree.map(lambda m, p: np.testing.assert_allclose(m, 1.3 * p, rtol=1e-6), moved, params)


def test_a_share_beyond_all_steps_is_refused():
  with pytest.raises(ValueError, match="between 0 and 1"):
    lp_ft(share=1.5)


def test_progress_reaches_it_in_a_compiled_run():
  way = tuning.bind("lp_ft", share=0.5)
  experiment = toy.experiment("fine_tune", seeds=(0,), steps=4, batch_size=16, shots=8, tuning=way)
  parts = [Part(experiment.setup, experiment.points, toy.data_of(experiment))]
  cells = loop.program_of(parts)
  mapped, _, fed = loop.placed(parts, cells)
  passed = []
  for _ in range(3):
    passed.append(jax.tree.map(np.asarray, mapped.ts.params["net"]))
    mapped, _ = fed.advance(mapped, 2)
  start, half, end = passed
  jax.tree.map(np.testing.assert_array_equal, half["hidden"], start["hidden"])
  assert (half["head"]["kernel"] != start["head"]["kernel"]).any()
  assert (end["hidden"]["kernel"] != start["hidden"]["kernel"]).any()
