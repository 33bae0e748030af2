"""AdaContrast equals its paper written by hand: votes label strong views, keys of other classes repel."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_mme import through_unit, unit

from adapt import methods, models
from adapt.augment import weak_and_strong

TOY = {
  "given": {"memory": 256, "weight": 0.03, "decay": 0.99},
  "margin": 0.04,
  "layouts": {"memory": 256, "weight": 0.1, "diversity": 0.5},
}
GOLDEN = {"contrast_loss": 0.088112, "loss": 0.03179818, "pseudo_loss": 0.57463}

N, K = by_hand.B, by_hand.K
GIVEN = {
  "weight": 2.0,
  "contrast": 0.6,
  "diversity": 0.7,
  "neighbours": 3,
  "temperature": 0.5,
  "decay": 0.9,
  "memory": 14,
}
rng = np.random.default_rng(6)
# Of mean zero, or what all sigmoid features share would choose the same neighbours for all.
VOTES = rng.normal(size=(14, 100)).astype(np.float32)
VOTES -= VOTES.mean(1, keepdims=True)
PREDICTIONS = rng.dirichlet(np.ones(K), 14).astype(np.float32)
PREDICTIONS[2] = 1 / K  # so that others decide
KEYS = unit(rng.normal(size=(14, 100))).astype(np.float32)
LABELS = rng.integers(0, K, 14)
ROWS = np.arange(14)
ROWS[[9, 11]] = -1  # nobody's yet


@pytest.fixture(autouse=True)
def _known_views(monkeypatch):
  """Views that need no key; the second strong one, of the keys, is another one."""
  calls = []

  def strong(key, x, noise, *_):
    calls.append(key)
    return x * (0.7, 1.3)[(len(calls) - 1) % 2] - noise

  monkeypatch.setattr(weak_and_strong, "weak", lambda key, x, *_: 1.2 * x)
  monkeypatch.setattr(weak_and_strong, "strong", strong)


def begun():
  """State in the middle: memories of earlier visits, and an average that is elsewhere."""
  ts, step = by_hand.decided("adacontrast", noise=0.1, **GIVEN)
  votes = {"features": VOTES.copy(), "predictions": PREDICTIONS, "rows": np.arange(14)}
  asks = by_hand.forward(ts.params["net"], 1.2 * by_hand.batch().xt).f
  votes["features"][2] = 3 * asks[2]  # an entry of its own, which is near to all
  keys = {"features": KEYS, "labels": LABELS[:, None].astype(np.float32), "rows": ROWS}
  average = jax.tree.map(lambda p: 1.1 * p + 0.05, ts.params["net"])
  put = lambda bank: {
    k: jnp.asarray(v, jnp.int32 if k == "rows" else None) for k, v in bank.items()
  }
  state = {**ts.state, "memory": put(votes), "keys": put(keys), "average": average}
  return ts._replace(state=state), step, votes


def test_one_step_equals_the_step_by_hand():
  ts, step, votes = begun()
  net, average, x = ts.params["net"], ts.state["average"], np.asarray(by_hand.batch().xt)
  asks, target = by_hand.forward(net, 1.2 * x), by_hand.forward(net, 0.7 * x - 0.1)
  kept, slow = by_hand.forward(average, 1.3 * x - 0.1), by_hand.forward(average, 1.2 * x)
  near = np.argsort(-(asks.f @ votes["features"].T), axis=1)[:, :3]
  assert 2 in near[2]
  labels = PREDICTIONS[near].mean(1).argmax(1)
  assert len(set(labels)) > 1 and (labels != asks.l.argmax(1)).any()

  pseudo_loss, dl = by_hand.cross_entropy(target.l, labels)
  p = by_hand.softmax(target.l)
  mean = p.mean(0)
  spread = -(mean * np.log(mean)).sum()
  dl = dl + by_hand.through_softmax(p, 0.7 * (np.log(mean) + 1) / N)
  q, k, contrast, du = unit(target.f), unit(kept.f), 0.0, np.zeros_like(target.f)
  for i in range(N):
    others = [j for j in range(14) if ROWS[j] >= 0 and LABELS[j] != labels[i]]
    keys = np.stack([k[i], *(KEYS[j] for j in others)])
    chances = by_hand.softmax((keys @ q[i] / 0.5)[None])[0]
    contrast -= np.log(chances[0]) / N
    du[i] = 0.6 * (chances @ keys - k[i]) / 0.5 / N
  grads = by_hand.backward(target, df=2 * through_unit(target.f, du), dl=2 * dl)
  after, metrics = step(ts)
  total = 2 * (pseudo_loss + 0.6 * contrast - 0.7 * spread)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, total)

  found = after.state["memory"]
  np.testing.assert_allclose(found["features"][:N], unit(slow.f), rtol=1e-4, atol=1e-6)
  np.testing.assert_allclose(
    found["predictions"][:N], by_hand.softmax(slow.l), rtol=1e-3, atol=1e-5
  )
  np.testing.assert_array_equal(found["features"][N:], votes["features"][N:])
  found = after.state["keys"]
  np.testing.assert_allclose(found["features"][:N], k, rtol=1e-4, atol=1e-6)
  assert found["labels"][:, 0].tolist() == [*labels, *LABELS[N:]]
  assert found["rows"].tolist() == [*range(N), *ROWS[N:]]
  moved = jax.tree.map(lambda a, p: 0.9 * a + 0.1 * p, average, after.params["net"])
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-7),
    moved,
    after.state["average"],
  )


def test_the_trained_model_predicts():
  ts, _, _ = begun()
  method = methods.get("adacontrast")(models.build("mlp", K))
  x = by_hand.batch().xt
  _, logits = method.predict(ts.params, ts.state, x)
  expected = by_hand.forward(ts.params["net"], x).l
  np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)


def test_more_neighbours_than_examples_are_refused():
  with pytest.raises(ValueError, match="9 neighbours in a memory of 8: choose 1 to 8"):
    methods.get("adacontrast")(models.build("mlp", 2), neighbours=9, memory=8)
