"""OTDA equals its paper written by hand: the head on features at their barycentres, the rest fixed."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from test_deepjdot import sinkhorn

import adapt
from adapt import methods, models, outputs
from adapt.method import Batch

# Its steps take longer without optimisation than the compiler does with it.
TOY = {"given": {"epsilon": 0.02}, "margin": 0.1, "optimised": True}
GOLDEN = {"cost": 4.57974, "label_loss": 0.661153, "loss": 0.661153}


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


def moved_values(moved, n, seed):
  """Inputs in a bent strip that is moved as a whole, and the value along it."""
  rng = np.random.default_rng(seed)
  along = rng.uniform(-2, 2, n)
  x = np.stack([along, np.sin(along) + 0.1 * rng.normal(size=n), rng.normal(size=n)], axis=1)
  return (x + moved * np.array([0.8, -0.5, 0])).astype(np.float32), 400 + 50 * along


def test_the_loss_of_values_is_the_squared_error_at_the_barycentres():
  net = models.build("mlp", 2)._replace(output=outputs.bind("values")())
  method = methods.get("otda")(net, weight=0.7, epsilon=0.2)
  (x, _), (xt, _) = moved_values(0, 12, 0), moved_values(1, 12, 1)
  rng = np.random.default_rng(2)
  y, w = rng.normal(size=(12, 2)).astype(np.float32), rng.uniform(0.1, 2, 12).astype(np.float32)
  batch = Batch(*map(jnp.asarray, (x, y, w, np.ones((12, 1)), xt)))
  params, state = method.init(jax.random.key(0), batch)
  fs, ft = (np.asarray(method.predict(params, state, jnp.asarray(v))[0]) for v in (x, xt))
  cost = cdist(fs, ft, "sqeuclidean")
  plan = sinkhorn(cost, 0.2 * cost.mean())
  moved = 0.3 * fs + 0.7 * plan @ ft / plan.sum(1, keepdims=True)
  last = params["net"]["head"]
  said = moved @ np.asarray(last["kernel"]) + np.asarray(last["bias"])
  expected = np.average(((said - y) ** 2).mean(1), weights=w)
  loss, _ = method.loss(params, state, batch, jax.random.key(1), 0.5)
  assert float(loss) == pytest.approx(expected, rel=1e-4)


@pytest.mark.adapts("otda")
def test_values_gain_where_all_has_moved_and_lose_little_where_nothing_has():
  def error(moved, weight):
    (x, _), test = moved_values(moved, 320, 1), moved_values(moved, 300, 2)
    fixed = {"steps": 300, "evaluations": 1, "batch_size": 64, "output": "values", "test": test}
    run = adapt.fit("otda", source=moved_values(0, 320, 0), target=x, weight=weight, **fixed)
    return 1 - run.measures["r2"][0]

  assert error(1.0, 1.0) < 0.5 * error(1.0, 0.0)
  assert error(0.0, 1.0) < 0.05
