"""Tent written out in NumPy: scales and shifts descend the entropy, nothing else moves."""

import by_hand
import jax
import normed_by_hand
import numpy as np
import pytest
from normed_by_hand import double, forward, moved, slopes

from adapt import methods, models

# It says nothing to an MLP, as it lives in normalisation layers.
TOY = {"steps": 800, "model": "normed"}
GOLDEN = {"entropy_loss": 0.681118, "loss": 0.681118}


@pytest.mark.parametrize("weight", [0.0, 2.0])
def test_one_step_equals_the_step_by_hand(weight):
  method, ts, step = normed_by_hand.started("tent", weight=weight)
  batch, rest = by_hand.batch(), double(ts.state["rest"])
  after, metrics = step()
  assert set(ts.params["net"]) == {"norm"} and set(rest) == {"hidden", "head"}

  def loss(params):
    p = by_hand.softmax(forward({**rest, **params["net"]}, batch.xt)[0])
    return -weight * (p * np.log(p)).sum(1).mean()

  by_hand.assert_step(ts, after, metrics, slopes(loss, ts.params), loss(double(ts.params)))
  jax.tree.map(np.testing.assert_array_equal, after.state["rest"], ts.state["rest"])
  _, own = forward({**rest, **double(ts.params["net"])}, batch.xt)
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6),
    moved(ts.state["stats"], own),
    after.state["stats"],
  )
  _, logits = method.predict(after.params, after.state, batch.xt)
  whole = {**rest, **double(after.params["net"])}
  np.testing.assert_allclose(
    logits, forward(whole, batch.xt, double(after.state["stats"]))[0], rtol=1e-4, atol=1e-5
  )


def test_a_network_without_normalisation_is_refused():
  with pytest.raises(ValueError, match="choose another --model"):
    methods.get("tent")(models.build("mlp", 2)).init(jax.random.key(0), by_hand.batch())
