"""OTDA equals its paper written by hand: the head on features at their barycentres, the rest fixed."""

import by_hand
import jax
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from test_deepjdot import sinkhorn

# Its steps take longer without optimisation than the compiler does with it.
TOY = {"given": {"epsilon": 0.02}, "margin": 0.1, "optimised": True}
GOLDEN = {"cost": 1.120327, "label_loss": 0.9792799, "loss": 0.9792799}


@pytest.mark.parametrize("weight", [0.0, 0.7, 1.0])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("otda", weight=weight, epsilon=0.2)
  batch, last = by_hand.batch(), ts.params["net"]["head"]
  whole = {**ts.state["body"], "head": last}
  source, target = (by_hand.forward(whole, x) for x in (batch.xs, batch.xt))
  cost = cdist(source.f, target.f, "sqeuclidean")
  plan = sinkhorn(cost, 0.2 * cost.mean())
  moved = np.zeros_like(source.f)
  for i in range(by_hand.B):
    centre = sum(plan[i, j] * target.f[j] for j in range(by_hand.B)) / plan[i].sum()
    moved[i] = (1 - weight) * source.f[i] + weight * centre
  logits = moved @ np.asarray(last["kernel"], np.float64) + np.asarray(last["bias"])
  loss, dl = by_hand.cross_entropy(logits, batch.ys, batch.ws)
  grads = {"net": {"head": {"kernel": moved.T @ dl, "bias": dl.sum(0)}}}
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, grads, loss)
  np.testing.assert_allclose(metrics["cost"], (plan * cost).sum(), rtol=1e-4)
  jax.tree.map(np.testing.assert_array_equal, after.state, ts.state)
