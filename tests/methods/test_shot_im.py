"""SHOT-IM equals its eq. 2–3 written by hand; and no source-free method ever touches the source."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import toy

from adapt import methods, models
from adapt.data import Domain, Split
from adapt.models import nets
from adapt.training import loop, task_data
from adapt.training.joint_tasks import Part
from adapt.tuning.linear_probe import linear_probe

TOY = {"margin": 0.04}
GOLDEN = {"entropy_loss": 0.6811625, "loss": -0.009423137, "marginal_entropy": 0.6905856}

SOURCE_FREE = [name for name in methods.names() if methods.traits(name, {}).reads == ("target",)]


def information(p):
  """(mean entropy, entropy of the mean, the gradient of their difference by p)."""
  mean = p.mean(0)
  own, spread = -(p * np.log(p)).sum(1).mean(), -(mean * np.log(mean)).sum()
  return own, spread, -(np.log(p) + 1) / len(p), -(np.log(mean) + 1) / len(p)


@pytest.mark.parametrize(("weight", "diversity"), [(0.0, 1.0), (2.0, 1.0), (2.0, 0.3)])
def test_one_step_equals_the_step_by_hand(weight, diversity):
  ts, step = by_hand.decided("shot_im", weight=weight, diversity=diversity)
  batch = by_hand.batch()
  target = by_hand.forward({**ts.params["net"], "head": ts.state["head"]}, batch.xt)
  p = by_hand.softmax(target.l)
  own, spread, by_own, by_spread = information(p)
  dl = weight * by_hand.through_softmax(p, by_own - diversity * by_spread)
  grads = by_hand.backward(target, dl=dl)
  del grads["head"]
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, {"net": grads}, weight * (own - diversity * spread))
  # Not even weight decay, which by_hand's settings have, reaches the head.
  jax.tree.map(np.testing.assert_array_equal, after.state["head"], ts.state["head"])


def test_a_tuning_that_moves_the_head_alone_is_refused():
  net = models.build("mlp", by_hand.K)
  start = nets.beginning_at(net, *net.init(jax.random.key(0), by_hand.batch().xs))
  for name in ("shot_im", "shot"):
    method = methods.get(name)(linear_probe().wrap(start, 0.0))
    with pytest.raises(ValueError, match="this tuning the head alone"):
      method.init(jax.random.key(0), by_hand.batch())


@pytest.mark.parametrize("name", SOURCE_FREE)
def test_poisoned_source_data_change_no_bit(name):
  experiment = toy.experiment(name, seeds=(0,), steps=8, evaluations=2, model="normed")
  setup, todo = experiment.setup, experiment.points
  net = models.build("normed", 2)
  start = net.init(jax.random.key(5), jnp.asarray(toy.TURNED.train.x))
  start = jax.tree.map(lambda v: v[None], start)  # one cell
  assert setup.traits(todo).starts == "source"

  def final(source):
    data = task_data.unchecked(setup, [source], toy.TURNED)
    [trained] = loop.train([Part(setup, todo, data, start)], lambda *_: None)
    ts = trained.mapped.ts
    return ts.params, ts.state

  bad = Split(np.full_like(toy.MOONS.train.x, np.nan), 1 - toy.MOONS.train.y)
  poisoned = Domain("moons", bad, toy.MOONS.test, toy.MOONS.classes)
  first, second = final(toy.MOONS), final(poisoned)
  assert all(jnp.isfinite(v).all() for v in jax.tree.leaves(second))
  jax.tree.map(np.testing.assert_array_equal, first, second)


def test_the_source_free_methods_are_known():
  assert {"shot_im", "shot", "tent"} <= set(SOURCE_FREE)
