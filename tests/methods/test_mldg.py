"""MLDG equals its paper by hand, with second derivatives and without; it gives a shortcut up."""

import between_sources
import by_hand
import jax
import numpy as np
import pytest
import spurious

from adapt import methods, models, outputs
from adapt.experiments import contract_runs

TOY = {"given": {"weight": 0.3, "rate": 1.0}, "layouts": {"rate": 0.3, "exact": True}}
GOLDEN = {"held_loss": 0.3344586, "label_loss": 0.5284225, "loss": 0.8628811}
GIVEN = {"weight": 0.7, "rate": 0.3}


def risk(net, weights):
  """(risk, its gradient) of the batch's examples with these weights."""
  batch = by_hand.batch()
  out = by_hand.forward(net, batch.xs)
  loss, dl = by_hand.cross_entropy(out.l, batch.ys, weights)
  return loss, by_hand.backward(out, dl=dl)


def whole(net, first, held, exact):
  """(loss, gradient); second derivatives by a difference of gradients along the later one."""
  loss, own = risk(net, first)
  after, later = risk(moved(net, own, -0.3), held)
  if exact:
    ahead, behind = (risk(moved(net, later, h), first)[1] for h in (1e-4, -1e-4))
    bent = jax.tree.map(lambda a, b: (a - b) / 2e-4, ahead, behind)
    later = moved(later, bent, -0.3)
  return loss + 0.7 * after, moved(own, later, 0.7)


def moved(tree, along, length):
  return jax.tree.map(lambda p, g: p + length * g, tree, along)


@pytest.mark.parametrize("exact", [False, True])
def test_one_step_equals_the_step_by_hand(exact):
  ts, step = by_hand.start("mldg", exact=exact, held=1, **GIVEN)
  batch = by_hand.batch()
  _, key = jax.random.split(jax.random.fold_in(ts.key, ts.step))
  held = np.asarray(batch.ds) @ (np.asarray(jax.random.permutation(key, 3)) < 1)
  assert 0 < held.sum() < by_hand.B
  ws = np.asarray(batch.ws, np.float64)
  net = jax.tree.map(lambda v: np.asarray(v, np.float64), dict(ts.params["net"]))
  loss, grads = whole(net, ws * (1 - held), ws * held, exact)
  by_hand.assert_step(ts, *jax.jit(step)(), {"net": grads}, loss)


def test_all_sources_held_leaves_nothing_to_learn_from():
  net = models.build("mlp", by_hand.K)
  with pytest.raises(ValueError, match="3 of 3 sources"):
    methods.get("mldg")(net, held=3).init(jax.random.key(0), by_hand.batch())
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("mldg")(net, held=0)


@pytest.mark.adapts("mldg")
def test_a_shortcut_of_each_source_apart_is_given_up():
  sources, target = between_sources.SOURCES, between_sources.TARGET
  found, null = (spurious.reached("mldg", sources, target, weight=w, rate=5.0) for w in (1.0, 0.0))
  assert found > null + 0.3


@pytest.mark.parametrize(("kind", "shared"), [("classes", 1.0), ("labels", 1.0), ("values", 1.7)])
def test_of_values_the_two_risks_are_averaged(kind, shared):
  net = models.build("mlp", by_hand.K)._replace(output=outputs.bind(kind)())
  method, batch = methods.get("mldg")(net, weight=0.7), by_hand.batch()
  columns = {"classes": batch.ys, "labels": jax.nn.one_hot(batch.ys, by_hand.K, dtype=int)}
  batch = batch._replace(ys=columns.get(kind, jax.nn.one_hot(batch.ys, by_hand.K)))
  params, state = method.init(jax.random.key(0), batch)
  loss, (_, metrics) = method.loss(params, state, batch, jax.random.key(1), 0.5)
  total = metrics["label_loss"] + 0.7 * metrics["held_loss"]
  assert metrics["held_loss"] > 0
  np.testing.assert_allclose(loss, total / shared, rtol=1e-6)


@pytest.mark.adapts("mldg")
def test_values_are_learnt_at_the_rate_that_source_only_learns_at(tmp_path):
  asked = contract_runs.subject(methods.bind("mldg"), None, None, tmp_path, "values")
  assert "R² 0." in contract_runs._learns(asked)
