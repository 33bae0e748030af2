"""PLUE equals its code written by hand: certain votes rule classes out, keys never alike repel."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_mme import through_unit, unit

from adapt import methods, models
from adapt.augment import weak_and_strong
from adapt.losses import negative_learning

# Random past labels leave hardly any key a negative at first: contrast grows as they are replaced.
TOY = {"given": {"memory": 256, "weight": 0.03}, "margin": 0.04, "falls": False}
GOLDEN = {"contrast_loss": 0.05368496, "loss": -0.03280437, "negative_loss": 0.2341054}

N, K = by_hand.B, by_hand.K
GIVEN = {
  "weight": 2.0,
  "contrast": 0.6,
  "diversity": 0.7,
  "neighbours": 3,
  "history": 2,
  "temperature": 0.5,
  "decay": 0.9,
  "memory": 14,
}
rng = np.random.default_rng(6)
# Of mean zero, or what all sigmoid features share would choose the same neighbours for all.
VOTES = rng.normal(size=(14, 100)).astype(np.float32)
VOTES = unit(VOTES - VOTES.mean(1, keepdims=True))
PREDICTIONS = rng.dirichlet(np.full(K, 0.4), 14).astype(np.float32)
PREDICTIONS[2] = [1, 0, 0]  # without an entropy of its own
KEYS = unit(rng.normal(size=(14, 100))).astype(np.float32)
PAST = rng.integers(0, K, (14, 2))
VISITS = rng.integers(0, 4, 14)
ROWS = np.arange(14)
ROWS[[9, 11]] = -1  # nobody's yet


@pytest.fixture(autouse=True)
def _known_draws(monkeypatch):
  """Views and other classes that need no key; the second strong view, of the keys, is another one."""
  calls = []

  def strong(key, x, noise, *_):
    calls.append(key)
    return x * (0.7, 1.3)[(len(calls) - 1) % 2] - noise

  monkeypatch.setattr(weak_and_strong, "weak", lambda key, x, *_: 1.2 * x)
  monkeypatch.setattr(weak_and_strong, "strong", strong)
  other = lambda key, labels, classes: (labels + 1 + jnp.arange(len(labels)) % 2) % classes
  monkeypatch.setattr(negative_learning, "another", other)


def begun():
  """State in the middle: memories of earlier visits, and an average that is elsewhere."""
  ts, step = by_hand.decided("plue", noise=0.1, **GIVEN)
  votes = {"features": VOTES.copy(), "predictions": PREDICTIONS, "rows": np.arange(14)}
  asks = by_hand.forward(ts.params["net"], 1.2 * by_hand.batch().xt).f
  votes["features"][2] = unit(asks)[2]  # an entry of its own, which is near to all
  keys = {"features": KEYS, "rows": ROWS}
  past = {"labels": PAST, "visits": VISITS[:, None].astype(np.float32), "rows": ROWS}
  average = jax.tree.map(lambda p: 1.1 * p + 0.05, ts.params["net"])
  whole = ("rows", "labels")
  put = lambda bank: {k: jnp.asarray(v, jnp.int32 if k in whole else None) for k, v in bank.items()}
  new = {"memory": put(votes), "keys": put(keys), "past": put(past), "average": average}
  return ts._replace(state={**ts.state, **new}), step, votes


def spread(out):
  """Entropy of the mean prediction, and 0.7 times its negative's slope by the logits."""
  p = by_hand.softmax(out.l)
  mean = p.mean(0)
  slope = by_hand.through_softmax(p, 0.7 * (np.log(mean) + 1) / N)
  return -(mean * np.log(mean)).sum(), slope


def test_one_step_equals_the_step_by_hand():
  ts, step, votes = begun()
  net, average, x = ts.params["net"], ts.state["average"], np.asarray(by_hand.batch().xt)
  weak, strong = by_hand.forward(net, 1.2 * x), by_hand.forward(net, 0.7 * x - 0.1)
  kept = by_hand.forward(average, 1.3 * x - 0.1)
  near = np.argsort(-(weak.f @ votes["features"].T), axis=1)[:, :3]
  voted = PREDICTIONS[near].mean(1)
  labels = voted.argmax(1)
  assert 2 in near[2] and len(set(labels)) > 1 and (labels != weak.l.argmax(1)).any()

  certain = np.exp((voted * np.log(np.maximum(voted, 1e-30))).sum(1) / np.log(K))
  wrong = (labels + 1 + np.arange(N) % 2) % K
  p, hot = by_hand.softmax(strong.l), np.eye(K)[wrong]
  no = p[np.arange(N), wrong]
  negative_loss = -(certain * np.log(1 - no)).mean()
  (weak_spread, dw), (strong_spread, dl) = spread(weak), spread(strong)
  dl = dl + by_hand.through_softmax(p, (certain / (1 - no) / N)[:, None] * hot)
  q, k, contrast, du, counts = unit(strong.f), unit(kept.f), 0.0, np.zeros_like(strong.f), set()
  for i in range(N):
    others = [j for j in range(14) if ROWS[j] >= 0 and (PAST[i] != PAST[j]).all()]
    counts.add(len(others))
    keys = np.stack([k[i], *(KEYS[j] for j in others)])
    chances = by_hand.softmax((keys @ q[i] / 0.5)[None])[0]
    contrast -= np.log(chances[0]) / N
    du[i] = 0.6 * (chances @ keys - k[i]) / 0.5 / N
  assert min(counts) > 0 and max(counts) < 11

  grads = by_hand.added(
    by_hand.backward(strong, df=2 * through_unit(strong.f, du), dl=2 * dl),
    by_hand.backward(weak, dl=2 * dw),
  )
  after, metrics = step(ts)
  total = 2 * (negative_loss + 0.6 * contrast - 0.7 * (weak_spread + strong_spread))
  by_hand.assert_step(ts, after, metrics, {"net": grads}, total)

  found, near = after.state["memory"], {"rtol": 1e-3, "atol": 1e-5}
  np.testing.assert_allclose(found["features"][:N], unit(weak.f), **near)
  np.testing.assert_allclose(found["predictions"][:N], by_hand.softmax(weak.l), **near)
  np.testing.assert_array_equal(found["features"][N:], votes["features"][N:])
  np.testing.assert_allclose(after.state["keys"]["features"][:N], k, **near)
  assert after.state["keys"]["rows"].tolist() == [*range(N), *ROWS[N:]]
  now = PAST.copy()
  now[np.arange(N), VISITS[:N] % 2] = labels
  np.testing.assert_array_equal(after.state["past"]["labels"], now)
  assert (after.state["past"]["visits"][:N, 0] == VISITS[:N] + 1).all()
  moved = jax.tree.map(lambda a, p: 0.9 * a + 0.1 * p, average, after.params["net"])
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-7),
    moved,
    after.state["average"],
  )


def test_past_labels_begin_at_random_for_each_target_example():
  net = models.build("mlp", K)._replace(targets=40)
  _, state = methods.get("plue")(net, memory=14).init(jax.random.key(0), by_hand.batch())
  labels = state["past"]["labels"]
  assert labels.shape == (40, 5) and set(np.ravel(labels)) == set(range(K))
  assert len(state["keys"]["rows"]) == 14


def test_no_past_labels_are_refused():
  with pytest.raises(ValueError, match="history is 0: choose at least 1"):
    methods.get("plue")(models.build("mlp", 2), history=0)


def test_the_memory_is_filled_as_often_as_asked():
  assert methods.get("plue")(models.build("mlp", 2)).refreshes == 15
  assert methods.get("plue")(models.build("mlp", 2), refreshes=3).refreshes == 3
