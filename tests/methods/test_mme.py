"""MME equals its eq. 1–4 written by hand: the prototypes climb the entropy, the features descend it."""

import by_hand
import numpy as np
import pytest

from adapt import methods, models

# Target labels are its gain. Entropy at a temperature of 0.05 amplifies rounding.
TOY = {"amplified": 0.0001, "margin": 0.15, "null": False}
GOLDEN = {"entropy": 0.112021, "label_loss": 5.674268, "loss": 5.663066}

TEMPERATURE = 0.5


def unit(f):
  return f / np.linalg.norm(f, axis=1, keepdims=True)


def through_unit(f, du):
  u = unit(f)
  return (du - u * (u * du).sum(1, keepdims=True)) / np.linalg.norm(f, axis=1, keepdims=True)


@pytest.mark.parametrize("weight", [0.0, 0.7])
def test_one_step_equals_the_step_by_hand(weight):
  ts, step = by_hand.decided("mme", weight=weight, temperature=TEMPERATURE)
  batch = by_hand.batch()
  source, few, target = (
    by_hand.forward(ts.params["net"], x) for x in (batch.xs, batch.xl, batch.xt)
  )
  kernel = source.p["head"]["kernel"]
  f = np.concatenate([source.f, few.f])
  labels = np.concatenate([batch.ys, batch.yl])
  ws = np.concatenate([batch.ws, np.ones(by_hand.B)])
  label_loss, dl = by_hand.cross_entropy(unit(f) @ kernel / TEMPERATURE, labels, ws)

  p = by_hand.softmax(unit(target.f) @ kernel / TEMPERATURE)
  entropy = -(p * np.log(p)).sum(1).mean()
  dh = by_hand.through_softmax(p, -(np.log(p) + 1)) / by_hand.B  # of the entropy, by the logits
  by_labels = through_unit(f, dl @ kernel.T / TEMPERATURE)
  by_entropy = through_unit(target.f, dh @ kernel.T / TEMPERATURE)
  grads = by_hand.added(
    by_hand.backward(source, df=by_labels[: by_hand.B]),
    by_hand.backward(few, df=by_labels[by_hand.B :]),
    by_hand.backward(target, df=weight * by_entropy),
  )
  grads["head"]["kernel"] = (unit(f).T @ dl - weight * unit(target.f).T @ dh) / TEMPERATURE
  total = label_loss - weight * entropy
  by_hand.assert_step(ts, *step(), {"net": grads}, total)


def test_predictions_are_products_with_unit_features_over_the_temperature():
  method = methods.get("mme")(models.build("mlp", by_hand.K), temperature=TEMPERATURE)
  ts, _ = by_hand.decided("mme")
  x = by_hand.batch().xt
  features, logits = method.predict(ts.params, ts.state, x)
  out = by_hand.forward(ts.params["net"], x)
  np.testing.assert_allclose(features, out.f, rtol=1e-4)
  expected = unit(out.f) @ out.p["head"]["kernel"] / TEMPERATURE
  np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)
