"""MLDG equals its paper written by hand, with second derivatives and without."""

import by_hand
import jax
import numpy as np
import pytest
import spurious
from test_assoc import numerical

from adapt import methods, models

TOY = {"given": {"rate": 0.01, "weight": 0.5}}
GOLDEN = {"held_loss": 0.7980284, "label_loss": 0.8486492, "loss": 1.247663}


def risk(net, batch, weights):
  """(risk, its gradient) on examples of these weights."""
  out = by_hand.forward(net, batch.xs)
  loss, dl = by_hand.cross_entropy(out.l, batch.ys, weights)
  return loss, by_hand.backward(out, dl=dl)


@pytest.mark.parametrize("exact", [False, True])
def test_one_step_equals_the_step_by_hand(exact):
  ts, _ = by_hand.start("mldg", weight=0.7, rate=0.3, exact=exact)
  batch = by_hand.batch()
  batch = batch._replace(ds=batch.ds[:, :2])
  after, metrics = step_on(ts, batch, weight=0.7, rate=0.3, exact=exact)
  net = jax.tree.map(lambda v: np.asarray(v, np.float64), dict(ts.params["net"]))
  ws, domains = np.asarray(batch.ws, np.float64), np.asarray(batch.ds)
  outcomes = []
  for held in (0, 1):  # which domain was drawn: the loss says it
    apart = domains[:, held]
    first, slope = risk(net, batch, ws * (1 - apart))

    def second(net, slope, apart=apart):
      stepped = jax.tree.map(lambda p, g: p - 0.3 * g, net, slope)
      return risk(stepped, batch, ws * apart)

    held_loss, held_slope = second(net, slope)
    grads = by_hand.added(slope, jax.tree.map(lambda g: 0.7 * g, held_slope))
    if exact:
      grads = numeric(lambda n, a=apart, s=second: whole(n, batch, ws, a, s), net)
    outcomes.append((first + 0.7 * held_loss, grads))
  loss, grads = min(outcomes, key=lambda o: abs(o[0] - float(metrics["loss"])))
  by_hand.assert_step(ts, after, metrics, {"net": grads}, loss)


def whole(net, batch, ws, apart, second):
  """The loss as a function of the parameters alone."""
  first, slope = risk(net, batch, ws * (1 - apart))
  return first + 0.7 * second(net, slope)[0]


def numeric(f, net):
  """Gradient of f by every parameter."""
  leaves, tree = jax.tree.flatten(net)
  found = []
  for i, leaf in enumerate(leaves):
    put = lambda x, i=i: jax.tree.unflatten(tree, [*leaves[:i], x, *leaves[i + 1 :]])
    found.append(numerical(lambda x, put=put: f(put(x)), leaf))
  return jax.tree.unflatten(tree, found)


def step_on(ts, batch, **given):
  """One step on another batch."""
  from adapt.training import shared_step

  method = methods.get("mldg")(models.build("mlp", by_hand.K), **given)
  opt = shared_step.optimizer(by_hand.SETTINGS, by_hand.SETTINGS.lr)
  return shared_step.step(method, opt, 10, ts, batch)


def test_all_sources_held_leaves_nothing_to_learn_from():
  net = models.build("mlp", by_hand.K)
  with pytest.raises(ValueError, match="3 of 3 sources"):
    methods.get("mldg")(net, held=3).init(jax.random.key(0), by_hand.batch())
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("mldg")(net, held=0)


@pytest.mark.adapts("mldg")
def test_a_shortcut_that_the_sources_share_is_taken_less():
  """Of 65 points that there are to be gained it gains 8, with second derivatives and a long step."""
  found, null = (spurious.accuracy("mldg", weight=w, rate=5.0, exact=True) for w in (1.0, 0.0))
  assert found > null + 0.05
