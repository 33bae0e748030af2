"""BNM equals −‖P‖_* / b, whose gradient is −U Vᵀ / b; the identities its paper rests on."""

import by_hand
import numpy as np
import pytest

TOY = {"margin": 0.02}
GOLDEN = {"label_loss": 0.6053792, "loss": 0.3929022, "nuclear_norm": 0.2124769}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("bnm", weight=0.8)
  batch = by_hand.batch()
  source, target = (by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xt))
  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  p = by_hand.softmax(target.l)
  u, s, v = np.linalg.svd(p, full_matrices=False)
  dt = by_hand.through_softmax(p, -0.8 / by_hand.B * u @ v)
  grads = by_hand.added(by_hand.backward(source, dl=dl), by_hand.backward(target, dl=dt))
  loss = label_loss - 0.8 * s.sum() / by_hand.B
  by_hand.assert_step(ts, *step(), {"net": grads}, loss)


@pytest.mark.parametrize(
  ("predictions", "expected"),
  [
    (np.eye(4), 1.0),  # sure and diverse: the largest norm that 4 rows of 4 classes can have
    (np.eye(4)[[0, 0, 0, 0]], 0.5),  # sure, one class: √4 / 4
    (np.full((4, 4), 0.25), 0.25),  # unsure
  ],
)
def test_the_norm_is_largest_for_sure_and_diverse_predictions(predictions, expected):
  np.testing.assert_allclose(np.linalg.norm(predictions, "nuc") / 4, expected)
  ts, step = constant_logits(np.log(np.maximum(predictions, 1e-30)))
  _, metrics = step(ts)
  np.testing.assert_allclose(metrics["nuclear_norm"], expected, rtol=1e-5)


def constant_logits(logits):
  """A run of bnm on a network whose outputs are these logits, whatever the input."""
  import jax
  import jax.numpy as jnp

  from adapt import methods
  from adapt.method import Batch, Net
  from adapt.training import shared_step as train

  logits = jnp.asarray(logits, jnp.float32)

  def apply(params, stats, x, train, key):
    return (params["shift"] + jnp.zeros((4, 2)), logits + params["shift"]), stats

  net = Net(lambda key, x: ({"shift": jnp.zeros(())}, {}), apply)
  zeros = jnp.zeros(4, int)
  batch = Batch(jnp.zeros((4, 2)), zeros, jnp.ones(4), zeros, jnp.zeros((4, 2)))
  method, opt = methods.get("bnm")(net), train.optimizer(by_hand.SETTINGS, 0.1)
  ts = train.init(method, opt, jax.random.key(0), batch)
  return ts, lambda ts: train.step(method, opt, 10, ts, batch)
