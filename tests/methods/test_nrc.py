"""NRC equals its eq. 3-8 written by hand: neighbours, reciprocal ones, their neighbours, and diversity."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"memory": 256, "weight": 0.1}, "margin": 0.04}
GOLDEN = {"attraction": 1.261824, "further_attraction": 0.8191711, "loss": -0.3283599}

GIVEN = {"weight": 3.0, "neighbours": 3, "further": 2, "affinity": 0.2, "memory": 14}
rng = np.random.default_rng(5)
MEMORY = {
  # Of mean zero, or what all sigmoid features share would choose the same neighbours for all.
  "features": rng.normal(size=(14, 100)).astype(np.float32),
  "predictions": rng.dirichlet(np.ones(by_hand.K), 14).astype(np.float32),
}
MEMORY["features"] -= MEMORY["features"].mean(1, keepdims=True)


def nearest(bank, rows, i, n):
  """The n entries of other examples most like entry i, by a loop."""
  others = (j for j in range(len(bank)) if rows[j] != rows[i])
  return sorted(others, key=lambda j: -(bank[i] @ bank[j]))[:n]


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("nrc", **GIVEN)
  target = by_hand.forward(ts.params["net"], by_hand.batch().xt)
  p, n = by_hand.softmax(target.l), by_hand.B
  unit = target.f / np.linalg.norm(target.f, axis=1, keepdims=True)
  bank = np.concatenate([unit, MEMORY["features"][n:]])
  rows = np.arange(14)
  memory = {**MEMORY, "rows": rows.astype(np.int32)}  # of an earlier visit
  ts = ts._replace(state={**ts.state, "memory": jax.tree.map(jnp.asarray, memory)})
  seen = np.concatenate([p, MEMORY["predictions"][n:]])

  loss, dp, shares = 0.0, np.zeros_like(p), set()
  for i in range(n):
    attract = [(1.0, i)]
    for j in nearest(bank, rows, i, 3):
      beyond = nearest(bank, rows, j, 2)
      share = 1.0 if i in rows[beyond] else 0.2
      shares.add(share)
      attract += [(share, j)] + [(0.2, m) for m in beyond]
    for share, j in attract:
      loss -= share * p[i] @ seen[j] / n
      dp[i] -= share * seen[j] / n
  mean = p.mean(0)
  loss += (mean * np.log(mean)).sum()
  dp += (np.log(mean) + 1) / n
  assert shares == {0.2, 1.0}  # both kinds of neighbours are there

  grads = by_hand.backward(target, dl=by_hand.through_softmax(p, 3 * dp))
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, 3 * loss)
  for name, entries in {"features": bank, "predictions": seen}.items():
    np.testing.assert_allclose(after.state["memory"][name], entries, rtol=1e-4, atol=1e-6)


def test_more_neighbours_than_memory_are_refused():
  with pytest.raises(ValueError, match="4 neighbours in a memory of 4: choose 1 to 3"):
    methods.get("nrc")(models.build("mlp", 2), neighbours=4, memory=4)
