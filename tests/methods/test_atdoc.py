"""ATDOC-NA equals its paper written by hand: votes of the nearest, weighed; the queue moves on."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.training import shared_step

TOY = {"given": {"memory": 256}, "margin": 0.03}
GOLDEN = {"label_loss": 0.5961558, "loss": 0.6050864, "pseudo_loss": 0.8930689, "vote": 0.08007751}

GIVEN = {"weight": 3.0, "neighbours": 2, "memory": 12}
rng = np.random.default_rng(4)
MEMORY = {
  # Of mean zero, or what all sigmoid features share would choose the same neighbours for all.
  "features": rng.normal(size=(12, 100)).astype(np.float32),
  "votes": rng.uniform(size=(12, by_hand.K)).astype(np.float32),
}
MEMORY["features"] -= MEMORY["features"].mean(1, keepdims=True)


def start():
  ts, _ = by_hand.start("atdoc", **GIVEN)
  rows = np.arange(12)
  rows[[9, 11]] = -1  # nobody's yet
  memory = {**MEMORY, "rows": rows.astype(np.int32)}
  ts = ts._replace(state={**ts.state, "memory": jax.tree.map(jnp.asarray, memory)})
  method = methods.get("atdoc")(models.build("mlp", by_hand.K), **GIVEN)
  opt = shared_step.optimizer(by_hand.SETTINGS, by_hand.SETTINGS.lr)
  return ts, lambda: shared_step.step(method, opt, 10, ts, by_hand.batch())


def test_one_step_equals_the_step_by_hand():
  ts, step = start()
  batch, n = by_hand.batch(), by_hand.B
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  labels, confidence = np.zeros(n, int), np.zeros(n)
  visited = np.asarray(ts.state["memory"]["rows"])
  for i in range(n):
    others = np.flatnonzero((visited != i) & (visited >= 0))
    near = sorted(others, key=lambda j: -(target.f[i] @ MEMORY["features"][j]))[:2]
    votes = (MEMORY["votes"][near[0]] + MEMORY["votes"][near[1]]) / 2
    labels[i], confidence[i] = votes.argmax(), votes.max()
  assert len(set(labels)) > 1
  pseudo_loss, dt = by_hand.cross_entropy(target.l, labels, confidence)
  strength = 3 * 0.4  # progress is 4 / 10
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=strength * dt))
  after, metrics = step()
  by_hand.assert_step(ts, after, metrics, {"net": grads}, label_loss + strength * pseudo_loss)

  # This batch's entries are under the parameters before the step; those of others stay.
  p = by_hand.softmax(target.l)
  new = {
    "features": target.f / np.linalg.norm(target.f, axis=1, keepdims=True),
    "votes": p**2 / (p**2).sum(0),
  }
  for name, rows in new.items():
    memory = after.state["memory"][name]
    np.testing.assert_allclose(memory[:n], rows, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(memory[n:], MEMORY[name][n:])


def test_an_empty_memory_says_nothing():
  _, step = by_hand.start("atdoc", **GIVEN)
  _, metrics = step()
  assert metrics["pseudo_loss"] == 0 and metrics["loss"] == metrics["label_loss"]


@pytest.mark.parametrize("neighbours", [0, 9])
def test_impossible_numbers_of_neighbours_are_refused(neighbours):
  with pytest.raises(ValueError, match="choose 1 to 7"):
    methods.get("atdoc")(models.build("mlp", 2), neighbours=neighbours, memory=8)
