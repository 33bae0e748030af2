"""Group DRO equals its exponentiated weights written by hand; the worst domain's weight grows."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.method import Batch
from adapt.training import shared_step
from adapt.training.settings import Settings

GOLDEN = {"heaviest": 0.500039, "label_loss": 0.502467, "loss": 0.4904107, "robust_loss": 0.4904107}


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.start("group_dro", weight=weight, eta=2.0)
  batch, before = by_hand.batch(), np.array([0.2, 0.5, 0.3])
  ts = ts._replace(state={**ts.state, "domains": jnp.asarray(before, jnp.float32)})
  out = by_hand.forward(ts.params["net"], batch.xs)
  label_loss, dl = by_hand.cross_entropy(out.l, batch.ys, batch.ws)
  (first, _, d_first), (second, _, d_second) = by_hand.risks(out.l, *batch[1:4])
  grown = before[:2] * np.exp(2.0 * np.array([first, second]))
  held = grown / grown.sum()

  total = (1 - weight) * label_loss + weight * held @ [first, second]
  dl = (1 - weight) * dl + weight * (held[0] * d_first + held[1] * d_second)
  after, metrics = step(ts)
  by_hand.assert_step(ts, after, metrics, {"net": by_hand.backward(out, dl=dl)}, total)
  # The domain that is not there keeps its 0.3; the others share 0.7.
  np.testing.assert_allclose(after.state["domains"], [*0.7 * held, 0.3], rtol=1e-5)


@pytest.mark.adapts("group_dro")
def test_the_worst_of_two_domains_is_better_off_than_under_pooled_training():
  """One domain in ten examples, of another rule: pooled training gives it up."""
  rng = np.random.default_rng(0)
  x = rng.normal(size=(400, 2)).astype(np.float32)
  few = np.arange(400) % 10 == 0
  y = np.where(few, x[:, 0] + 0.5 * x[:, 1] < 0, x[:, 0] > 0).astype(np.int32)
  batch = Batch(*map(jnp.asarray, (x, y, np.ones(400), np.stack([~few, few], 1) * 1.0, x)))

  def worst(weight):
    method = methods.get("group_dro")(models.build("mlp", 2), weight=weight, eta=0.1)
    opt = shared_step.optimizer(Settings(weight_decay=0.0, schedule="constant"), 0.1)

    @jax.jit
    def trained(key):
      ts = shared_step.init(method, opt, key, batch)
      return jax.lax.scan(
        lambda ts, _: (shared_step.step(method, opt, 300, ts, batch)[0], None), ts, None, 300
      )[0]

    ts = trained(jax.random.key(0))
    _, logits = method.predict(ts.params, ts.state, batch.xs)
    right = np.asarray(logits.argmax(1) == y)
    return min(right[few].mean(), right[~few].mean())

  assert worst(1.0) > worst(0.0) + 0.2


def test_the_weights_find_the_worst_domain():
  method = methods.get("group_dro")(models.build("mlp", by_hand.K), eta=5.0)
  ys = jnp.asarray([0, 0, 1, 0, 1, 2, 0, 1])
  batch = by_hand.batch()._replace(ds=jnp.eye(2)[jnp.arange(8) % 2], ys=ys, ws=jnp.ones(8))
  params, state = method.init(jax.random.key(0), batch)
  _, (_, metrics) = method.loss(params, state, batch, None, 0.0)

  @jax.jit
  def again(state):
    loss, (state, _) = method.loss(params, state, batch, None, 0.0)
    return loss, state

  for _ in range(300):
    loss, state = again(state)
  out = by_hand.forward(params["net"], batch.xs)
  worst = max(risk for risk, _, _ in by_hand.risks(out.l, *batch[1:4]))
  assert metrics["label_loss"] < metrics["robust_loss"] < worst - 1e-3
  np.testing.assert_allclose(loss, worst, rtol=1e-4)  # the paper's maximum over domains
  np.testing.assert_allclose(state["domains"].sum(), 1, rtol=1e-4)


def test_a_batch_without_weight_is_no_nan():
  method = methods.get("group_dro")(models.build("mlp", by_hand.K))
  params, state = method.init(jax.random.key(0), by_hand.batch())
  empty = by_hand.batch()._replace(ws=jnp.zeros(by_hand.B))
  loss, (after, _) = method.loss(params, state, empty, None, 0.0)
  assert loss == 0
  np.testing.assert_allclose(after["domains"], state["domains"])


@pytest.mark.parametrize("weight", [-0.1, 1.5])
def test_a_share_outside_its_range_is_refused(weight):
  with pytest.raises(ValueError, match="between 0 and 1"):
    methods.get("group_dro")(models.build("mlp", 2), weight=weight)
