"""AaD equals its eq. 5 written by hand: alike where features are near, unlike in the batch."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"memory": 256, "weight": 0.1}, "margin": 0.04}
GOLDEN = {"attraction": 2.034491, "dispersion": 7.519988, "loss": 0.09245258}

GIVEN = {"weight": 3.0, "neighbours": 2, "memory": 12, "decay": 2.0}
rng = np.random.default_rng(4)
MEMORY = {
  # Of mean zero, or what all sigmoid features share would choose the same neighbours for all.
  "features": rng.normal(size=(12, 100)).astype(np.float32),
  "predictions": rng.dirichlet(np.ones(by_hand.K), 12).astype(np.float32),
}
MEMORY["features"] -= MEMORY["features"].mean(1, keepdims=True)


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("aad", **GIVEN)
  memory = {**MEMORY, "rows": np.arange(12, dtype=np.int32)}  # of an earlier visit
  ts = ts._replace(state={**ts.state, "memory": jax.tree.map(jnp.asarray, memory)})
  target = by_hand.forward(ts.params["net"], by_hand.batch().xt)
  p, n = by_hand.softmax(target.l), by_hand.B
  # The batch is there before it looks; entries of other examples stay.
  bank = {
    "features": target.f / np.linalg.norm(target.f, axis=1, keepdims=True),
    "predictions": p,
  }
  bank = {name: np.concatenate([rows, MEMORY[name][n:]]) for name, rows in bank.items()}
  # Progress is 4 / 10; sure and balanced predictions disperse by 7 / 3 where two neighbours attract.
  strength = 2 / (7 / 3) * (1 + 10 * 0.4) ** -2.0
  loss, dp = 0.0, np.zeros_like(p)
  for i in range(n):
    others = [j for j in range(12) if j != i]
    for j in sorted(others, key=lambda j: -(target.f[i] @ bank["features"][j]))[:2]:
      loss -= p[i] @ bank["predictions"][j] / n
      dp[i] -= bank["predictions"][j] / n
    for j in range(n):
      if j != i:
        loss += strength * p[i] @ p[j] / n
        dp[i] += strength * p[j] / n
        dp[j] += strength * p[i] / n
  grads = by_hand.backward(target, dl=by_hand.through_softmax(p, 3 * dp))
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, 3 * loss)
  for name, rows in bank.items():
    np.testing.assert_allclose(after.state["memory"][name], rows, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["aad", "nrc"])
def test_a_refresh_fills_the_memory_with_the_whole_target(name):
  ts, _ = by_hand.decided(name, memory=24)
  batch = by_hand.batch()
  method = methods.get(name)(models.build("mlp", by_hand.K), memory=24)
  xt = jnp.concatenate([batch.xt, batch.xs, batch.xl])
  memory = method.refresh(ts.params, ts.state, None, None, xt)["memory"]  # without any source
  assert memory["rows"].tolist() == list(range(24)) and method.refreshes == 1
  out = by_hand.forward(ts.params["net"], xt)
  unit = out.f / np.linalg.norm(out.f, axis=1, keepdims=True)
  np.testing.assert_allclose(memory["features"], unit, rtol=1e-4, atol=1e-6)
  np.testing.assert_allclose(memory["predictions"], by_hand.softmax(out.l), rtol=1e-4, atol=1e-6)


def test_a_memory_has_an_entry_for_each_target_example():
  net = models.build("mlp", by_hand.K)._replace(targets=30)
  memory = methods.get("aad")(net).init(jax.random.key(0), by_hand.batch())[1]["memory"]
  assert len(memory["rows"]) == 30
  with pytest.raises(ValueError, match="4 neighbours in 4 target examples: choose 1 to 3"):
    methods.get("aad")(net._replace(targets=4))


def test_more_neighbours_than_memory_are_refused():
  with pytest.raises(ValueError, match="choose 1 to 7"):
    methods.get("aad")(models.build("mlp", 2), neighbours=9, memory=8)
