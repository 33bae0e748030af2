"""G-SFDA equals its paper written by hand: agreement with others' neighbours, in channels left free."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods import gsfda

# Its gain is planted in test_planted.py. A source model that knows no attention loses much of the moons
# under one, so that the target attends to all channels here.
TOY = {"given": {"memory": 256, "weight": 0.03, "attended": 1.0}, "layouts": {"memory": 256}}
GOLDEN = {"agreement_loss": 1.380301, "loss": 0.6891357, "marginal_entropy": 0.6911651}

GIVEN = {"weight": 3.0, "neighbours": 2, "kept": 0.6, "attended": 0.7, "memory": 14}
N, D = by_hand.B, 100
SOURCE, TARGET = np.arange(D) < 60, np.arange(D) >= 30
rng = np.random.default_rng(5)
MEMORY = {
  # Of mean zero, or what all sigmoid features share would choose the same neighbours for all.
  "features": rng.normal(size=(14, D)).astype(np.float32),
  "predictions": rng.dirichlet(np.ones(by_hand.K), 14).astype(np.float32),
}
MEMORY["features"] -= MEMORY["features"].mean(1, keepdims=True)


def attending(out):
  """(features, logits) of the target's channels."""
  f = out.f * TARGET
  return f, f @ out.p["head"]["kernel"] + out.p["head"]["bias"]


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("gsfda", **GIVEN)
  memory = {**MEMORY, "rows": np.arange(14, dtype=np.int32)}  # of an earlier visit
  ts = ts._replace(state={**ts.state, "memory": jax.tree.map(jnp.asarray, memory)})
  target = by_hand.forward(ts.params["net"], by_hand.batch().xt)
  f, logits = attending(target)
  p = by_hand.softmax(logits)
  loss, dp, chosen = 0.0, np.zeros_like(p), set()
  for i in range(N):
    others = range(N, 14)  # none of the batch
    for j in sorted(others, key=lambda j: -(f[i] @ MEMORY["features"][j]))[:2]:
      seen = MEMORY["predictions"][j]
      loss -= np.log(p[i] @ seen) / N
      dp[i] -= seen / (p[i] @ seen) / N
      chosen.add(j)
  mean = p.mean(0)
  loss += (mean * np.log(mean)).sum()
  dp += (np.log(mean) + 1) / N
  assert len(chosen) > 2

  dl = 3 * by_hand.through_softmax(p, dp)
  free = TARGET & ~SOURCE
  df = dl @ target.p["head"]["kernel"].T * free
  grads = by_hand.backward(target, df=df)
  grads["head"] = {"kernel": (f.T @ dl) * free[:, None], "bias": dl.sum(0)}
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, 3 * loss)
  unit = f / np.linalg.norm(f, axis=1, keepdims=True)
  for name, rows in {"features": unit, "predictions": p}.items():
    entries = np.concatenate([rows, MEMORY[name][N:]])
    np.testing.assert_allclose(after.state["memory"][name], entries, rtol=1e-4, atol=1e-6)


def test_memory_and_predictions_are_of_the_targets_channels():
  ts, _ = by_hand.decided("gsfda", **GIVEN)
  xt = by_hand.batch().xt
  method = methods.get("gsfda")(models.build("mlp", by_hand.K), **GIVEN)
  f, logits = attending(by_hand.forward(ts.params["net"], xt))
  features, found = method.predict(ts.params, ts.state, xt)
  np.testing.assert_allclose(features, f, rtol=1e-4, atol=1e-6)
  np.testing.assert_allclose(found, logits, rtol=1e-3, atol=1e-4)
  memory = method.refresh(ts.params, ts.state, None, None, xt)["memory"]  # without any source
  assert memory["rows"].tolist() == [*range(N)] + [-1] * 6 and method.refreshes == 1
  unit = f / np.linalg.norm(f, axis=1, keepdims=True)
  np.testing.assert_allclose(memory["features"][:N], unit, rtol=1e-4, atol=1e-6)
  np.testing.assert_allclose(
    memory["predictions"][:N], by_hand.softmax(logits), rtol=1e-3, atol=1e-5
  )


def test_what_the_source_attends_to_moves_by_weight_decay_alone():
  ts, step = by_hand.decided("gsfda", **GIVEN)
  after, _ = step(ts)
  decayed = 1 - 0.05 * 0.01 * 1.9
  for part, at in (("hidden", np.s_[:, SOURCE]), ("head", SOURCE)):
    old, new = (np.asarray(v["net"][part]["kernel"]) for v in (ts.params, after.params))
    np.testing.assert_allclose(new[at], decayed * old[at], rtol=1e-5)
    assert np.abs(new - decayed * old).max() > 1e-4


def test_channels_are_the_first_and_the_last():
  assert gsfda.first(8, 0.75).tolist() == [1, 1, 1, 1, 1, 1, 0, 0]
  assert (1 - gsfda.first(8, 1 - 0.75)).tolist() == [0, 0, 1, 1, 1, 1, 1, 1]


def test_an_impossible_share_is_refused():
  with pytest.raises(ValueError, match=r"attended is 1\.5"):
    methods.get("gsfda")(models.build("mlp", 2), attended=1.5)
