"""Self-ensembling equals its paper written by hand, and its teacher is an average that predicts."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.augment import weak_and_strong
from adapt.methods.mean_teacher import class_balance

TOY = {"given": {"noise": 0.3}}
GOLDEN = {
  "balance_loss": 0.0,
  "consistency_loss": 0.0,
  "label_loss": 0.5813202,
  "loss": 0.5813202,
  "sure": 0.0,
}

GIVEN = {"weight": 5.0, "threshold": 0.9, "balance": 0.1, "decay": 0.9}


@pytest.fixture
def known_views(monkeypatch):
  """Views that need no key: the second view of the target, the teacher's, is another one."""
  calls = []

  def jittered(key, x, noise, mirror, kind):
    calls.append(key)
    return x * (1.0, 1.1, 0.8)[len(calls) - 1]

  monkeypatch.setattr(weak_and_strong, "jittered", jittered)
  return calls


def other_teacher(ts):
  teacher = jax.tree.map(lambda p: 1.5 * p + 0.1, ts.params["net"])
  return ts._replace(state={**ts.state, "teacher": {"net": teacher, "stats": {}}})


def test_one_step_equals_the_step_by_hand(known_views):
  ts, step = by_hand.decided("mean_teacher", **GIVEN)
  ts = other_teacher(ts)
  batch = by_hand.batch()
  after, metrics = step(ts)

  source = by_hand.forward(ts.params["net"], batch.xs)
  target = by_hand.forward(ts.params["net"], 1.1 * batch.xt)
  taught = by_hand.forward(ts.state["teacher"]["net"], 0.8 * batch.xt)
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p, q = by_hand.softmax(target.l), by_hand.softmax(taught.l)
  n, k = p.shape
  sure = q.max(1) > 0.9
  assert 0 < sure.sum() < n
  consistency = sum(sure[i] * ((p[i] - q[i]) ** 2).sum() / k for i in range(n)) / n
  mean = p.mean(0)
  # The authors' epsilon is left out here: it is far below the tolerance.
  balance = -sum(np.log(m) / k + (1 - 1 / k) * np.log(1 - m) for m in mean) * sure.mean()
  by_mean = (-1 / (k * mean) + (1 - 1 / k) / (1 - mean)) * sure.mean()
  dp = 5 * (2 * (p - q) / k * sure[:, None] / n + 0.1 * by_mean / n)
  grads = by_hand.added(
    by_hand.backward(source, dl=dl),
    by_hand.backward(target, dl=by_hand.through_softmax(p, dp)),
  )
  total = label_loss + 5 * (consistency + 0.1 * balance)
  by_hand.assert_step(ts, after, metrics, {"net": grads}, total)

  # After the step, and of the parameters after it.
  average = jax.tree.map(
    lambda t, p: 0.9 * t + 0.1 * p, ts.state["teacher"]["net"], after.params["net"]
  )
  jax.tree.map(
    lambda e, a: np.testing.assert_allclose(a, e, rtol=1e-5), average, after.state["teacher"]["net"]
  )
  method = methods.get("mean_teacher")(models.build("mlp", by_hand.K))
  _, logits = method.predict(after.params, after.state, batch.xt)
  expected = by_hand.forward(after.state["teacher"]["net"], batch.xt).l
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_student_and_teacher_draw_different_views(monkeypatch):
  seen = []
  monkeypatch.setattr(weak_and_strong, "jittered", lambda key, x, *_: seen.append(key) or x)
  method = methods.get("mean_teacher")(models.build("mlp", by_hand.K))
  batch = by_hand.batch()
  params, state = method.init(jax.random.key(0), batch)
  method.loss(params, state, batch, jax.random.key(1), 0.5)
  assert len({tuple(jax.random.key_data(k).tolist()) for k in seen}) == 3


def test_the_teacher_keeps_target_statistics_of_its_own():
  import toy

  method = methods.get("mean_teacher")(models.build(toy.needs("adabn").model, by_hand.K), noise=0.0)
  batch = by_hand.batch()
  params, state = method.init(jax.random.key(0), batch)
  _, (new, _) = method.loss(params, state, batch, jax.random.key(1), 0.5)
  hidden = params["net"]["hidden"]
  mean = (np.asarray(batch.xt) @ hidden["kernel"] + hidden["bias"]).mean(0)
  np.testing.assert_allclose(new["teacher"]["stats"]["norm"]["mean"], 0.1 * mean, atol=1e-5)
  assert np.abs(new["stats"]["norm"]["mean"] - 0.1 * mean).max() > 1e-3


def test_the_balance_is_least_for_even_predictions():
  even = class_balance(jnp.full((4, 3), 1 / 3))
  assert even < class_balance(jnp.array([[0.4, 0.3, 0.3]])) < class_balance(jnp.eye(3)[:1])
  # One class each, all classes even: only the mean matters.
  np.testing.assert_allclose(class_balance(jnp.eye(3)), even, rtol=1e-5)
