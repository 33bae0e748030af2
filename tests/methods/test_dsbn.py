"""DSBN written out in NumPy: two sets of normalisation layers, labels by a mixture that moves on."""

import by_hand
import jax
import jax.numpy as jnp
import normed_by_hand
import numpy as np
import pytest
from normed_by_hand import double, forward, moved, slopes

from adapt import methods, models
from adapt.models import nets

# It says nothing to an MLP, as it lives in normalisation layers; batch statistics are a part of its gain.
TOY = {"steps": 800, "model": "normed", "margin": 0.04, "null_margin": 0.02}
GOLDEN = {"label_loss": 0.718572, "loss": 1.258662, "pseudo_loss": 0.5400895}


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_one_step_equals_the_step_by_hand(weight):
  method, ts, step = normed_by_hand.started("dsbn", weight=weight, ramp=2.0)
  scaled = jax.tree.map(lambda v: 1.3 * v + 0.2, ts.params["norms_target"])
  ts = ts._replace(params={**ts.params, "norms_target": scaled})
  # A first stage of another opinion, so that the mixture decides.
  head = jax.tree.map(lambda v: jnp.roll(v, 1, -1), ts.state["first"]["net"]["head"])
  first = {**ts.state["first"], "net": {**ts.state["first"]["net"], "head": head}}
  ts = ts._replace(state={**ts.state, "first": first})
  batch, first = by_hand.batch(), double(first)
  after, metrics = step(ts)

  # The first stage: under the target statistics that it, too, has moved.
  seen = moved(first["stats"], forward(first["net"], batch.xt)[1])
  own = 2 / (1 + np.exp(-2.0 * 0.4)) - 1
  whole = double({**ts.params["net"], **ts.params["norms_target"]})
  p = by_hand.softmax(forward(first["net"], batch.xt, seen)[0])
  q = by_hand.softmax(forward(whole, batch.xt)[0])
  labels, turned = ((1 - own) * p + own * q).argmax(1), (own * p + (1 - own) * q).argmax(1)
  assert (labels != p.argmax(1)).any() and (labels != q.argmax(1)).any()
  assert (labels != turned).any()

  def loss(params):
    target = {**params["net"], **params["norms_target"]}
    label_loss, _ = by_hand.cross_entropy(forward(params["net"], batch.xs)[0], batch.ys, batch.ws)
    pseudo_loss, _ = by_hand.cross_entropy(forward(target, batch.xt)[0], labels)
    return label_loss + weight * pseudo_loss

  by_hand.assert_step(ts, after, metrics, slopes(loss, ts.params), loss(double(ts.params)))
  normed_by_hand.assert_each_domain_moves(ts, after, whole, batch)
  jax.tree.map(np.testing.assert_array_equal, after.state["first"]["net"], ts.state["first"]["net"])

  _, logits = method.predict(after.params, after.state, batch.xt)
  whole = double({**after.params["net"], **after.params["norms_target"]})
  expected = forward(whole, batch.xt, double(after.state["stats_target"]))[0]
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_source_does_not_move_the_targets_layers():
  _, ts, step = normed_by_hand.started("dsbn", weight=0.0)
  with_decay = jax.tree.map(
    lambda p: p * (1 - 0.05 * 0.01 * 1.9), ts.params["norms_target"]
  )  # all that moves them
  after, _ = step()
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-6),
    with_decay,
    after.params["norms_target"],
  )


def test_norms_are_found_in_nested_parameters_and_joined_again():
  params = {
    "backbone": {"bn": {"scale": 1, "bias": 2}, "conv": {"kernel": 3}},
    "norm": {"scale": 4, "bias": 5},
    "head": {"kernel": 6, "bias": 7},
  }
  norms, rest = nets.norms_apart(params)
  assert norms == {"backbone": {"bn": {"scale": 1, "bias": 2}}, "norm": {"scale": 4, "bias": 5}}
  assert rest == {"backbone": {"conv": {"kernel": 3}}, "head": {"kernel": 6, "bias": 7}}
  assert nets.joined(norms, rest) == params == nets.joined(rest, norms)


def test_a_network_without_normalisation_is_refused():
  with pytest.raises(ValueError, match="choose another --model"):
    methods.get("dsbn")(models.build("mlp", 2)).init(jax.random.key(0), by_hand.batch())
