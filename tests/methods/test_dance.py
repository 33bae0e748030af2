"""DANCE equals its eq. 2–6 written by hand; entropy above half its maximum means unknown."""

import by_hand
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods import dance

TOY = {"given": {"memory": 128}, "lr": 0.03}
GOLDEN = {
  "cluster_loss": 1.652996,
  "label_loss": 1.418087,
  "loss": 1.500737,
  "separation_loss": 0.0,
}

T, MARGIN = 0.02, 0.1
GIVEN = {"temperature": T, "margin": MARGIN, "memory": 5}
MEMORY = np.random.default_rng(6).normal(size=(5, 100)).astype(np.float32)
MEMORY /= np.linalg.norm(MEMORY, axis=1, keepdims=True)


def unit(x):
  return x / np.linalg.norm(x, axis=1, keepdims=True)


def through_unit(x, du):
  u = unit(x)
  return (du - u * (u * du).sum(1, keepdims=True)) / np.linalg.norm(x, axis=1, keepdims=True)


def entropies(logits):
  """(entropy of each row, its gradient by the logits)."""
  p = by_hand.softmax(logits)
  return -(p * np.log(p)).sum(1), by_hand.through_softmax(p, -(np.log(p) + 1))


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("dance", weight=weight, **GIVEN)
  rows = np.array([10, 1, 12, -1, 7], np.int32)  # the batch has two of them, nobody has the fourth
  memory = {"rows": jnp.asarray(rows), "features": jnp.asarray(MEMORY)}
  ts = ts._replace(state={**ts.state, "memory": memory})
  batch, n, k = by_hand.batch(), by_hand.B, by_hand.K
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  prototypes = unit(source.p["head"]["kernel"].T)
  us, ut = unit(source.f), unit(target.f)
  label_loss, ds = by_hand.cross_entropy(us @ prototypes.T / T, batch.ys, batch.ws)

  lt = ut @ prototypes.T / T
  itself, seen = np.eye(n, dtype=bool), np.isin(rows, np.arange(n))
  kept = np.where(seen, -1, ut @ MEMORY.T)
  near = np.concatenate([lt, kept / T, np.where(itself, -1, ut @ ut.T) / T], axis=1)
  cluster, dn = entropies(near)
  spread, dh = entropies(lt)
  away = spread - np.log(k) / 2
  apart = np.abs(away) > MARGIN
  assert {*np.sign(away[apart])} == {-1, 1} and not apart.all()  # all cases occur
  separation = np.where(apart, -np.abs(away), 0.0)

  dlt = weight * (dn[:, :k] - (apart * np.sign(away))[:, None] * dh) / n
  within = weight * np.where(itself, 0, dn[:, k + 5 :]) / n
  dkept = weight * np.where(seen, 0, dn[:, k : k + 5]) / n
  dut = dlt @ prototypes + dkept @ MEMORY + (within + within.T) @ ut
  net = by_hand.added(
    by_hand.backward(source, df=through_unit(source.f, ds @ prototypes / T)),
    by_hand.backward(target, df=through_unit(target.f, dut / T)),
  )
  # The gradient of the head is that by its prototypes, and moves them, not what they were made from.
  net["head"]["kernel"] = ((ds.T @ us + dlt.T @ ut) / T).T
  total = label_loss + weight * (cluster.mean() + separation.mean())
  after, metrics = step(ts)
  head = {**ts.params["net"]["head"], "kernel": prototypes.T.astype(np.float32)}
  begun = ts._replace(params={"net": {**ts.params["net"], "head": head}})
  by_hand.assert_step(begun, after, metrics, {"net": net}, total)
  memory = after.state["memory"]  # of five entries, for examples 0 to 7
  assert memory["rows"].tolist() == [5, 6, 7, 3, 4]
  np.testing.assert_allclose(memory["features"], ut[[5, 6, 7, 3, 4]], rtol=1e-4, atol=1e-6)


def test_unknown_is_the_largest_exactly_where_the_entropy_is_above_half_its_maximum():
  logits = np.random.default_rng(0).normal(0, 2, (200, 4)).astype(np.float32)
  spread, _ = entropies(logits.astype(np.float64))
  extended = np.asarray(dance.with_unknown(jnp.asarray(logits)))
  unknown = extended.argmax(1) == 4
  np.testing.assert_array_equal(unknown, spread > np.log(4) / 2)
  assert 20 < unknown.sum() < 180
  np.testing.assert_array_equal(extended[:, :4], logits)


def test_no_memory_is_refused():
  with pytest.raises(ValueError, match="memory of 0"):
    methods.get("dance")(models.build("mlp", 2), memory=0)
