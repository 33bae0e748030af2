"""AaD equals its eq. 5 written by hand: alike where features are near, unlike in the batch."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"memory": 256, "weight": 0.1}, "margin": 0.04}
GOLDEN = {"attraction": 0.7098829, "dispersion": 23.17723, "loss": 1.15996}

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
  features = by_hand.forward(ts.params["net"], by_hand.batch().xt).f
  rows = 100 + np.arange(12)
  rows[(features[0] @ MEMORY["features"].T).argmax()] = 0  # an earlier visit of the first example
  memory = {**MEMORY, "rows": rows.astype(np.int32)}
  ts = ts._replace(state={**ts.state, "memory": jax.tree.map(jnp.asarray, memory)})
  target = by_hand.forward(ts.params["net"], by_hand.batch().xt)
  p, n = by_hand.softmax(target.l), by_hand.B
  strength = (1 + 10 * 0.4) ** -2.0  # progress is 4 / 10
  loss, dp = 0.0, np.zeros_like(p)
  for i in range(n):
    near = sorted(np.flatnonzero(rows != i), key=lambda j: -(target.f[i] @ MEMORY["features"][j]))[
      :2
    ]
    for j in near:
      loss -= p[i] @ MEMORY["predictions"][j] / n
      dp[i] -= MEMORY["predictions"][j] / n
    for j in range(n):
      if j != i:
        loss += strength * p[i] @ p[j] / n
        dp[i] += strength * p[j] / n
        dp[j] += strength * p[i] / n
  grads = by_hand.backward(target, dl=by_hand.through_softmax(p, 3 * dp))
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, 3 * loss)

  # The queue: this batch in front, the oldest gone.
  new = {
    "features": target.f / np.linalg.norm(target.f, axis=1, keepdims=True),
    "predictions": p,
  }
  for name, rows in new.items():
    memory = after.state["memory"][name]
    np.testing.assert_allclose(memory[:n], rows, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(memory[n:], MEMORY[name][: 12 - n])


def test_more_neighbours_than_memory_are_refused():
  with pytest.raises(ValueError, match="choose 1 to 8"):
    methods.get("aad")(models.build("mlp", 2), neighbours=9, memory=8)
