"""OSBP equals its eq. 2–5 written by hand: the classifier holds the threshold, the features leave it."""

import by_hand
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods import osbp

GOLDEN = {"label_loss": 1.54431, "loss": 2.485453, "rejected": 0.0625, "unknown_loss": 0.9411422}


def extended(ts, x):
  """(outputs of the network, logits of K + 1 classes)."""
  out = by_hand.forward(ts.params["net"], x)
  more = np.asarray(ts.params["unknown"]["kernel"], np.float64)
  return out, np.concatenate([out.l, out.f @ more + np.asarray(ts.params["unknown"]["bias"])], 1)


@pytest.mark.parametrize(("weight", "threshold"), [(0.0, 0.5), (0.7, 0.5), (0.7, 0.3)])
def test_one_step_equals_the_step_by_hand(weight, threshold):
  ts, step = by_hand.start("osbp", weight=weight, threshold=threshold)
  batch, k = by_hand.batch(), by_hand.K
  (source, ls), (target, lt) = (extended(ts, x) for x in (batch.xs, batch.xt))
  label_loss, ds = by_hand.cross_entropy(ls, batch.ys, batch.ws)

  p = by_hand.softmax(lt)
  unknown = p[:, k]
  losses = -threshold * np.log(unknown) - (1 - threshold) * np.log(1 - unknown)
  dp = np.zeros_like(p)
  dp[:, k] = (-threshold / unknown + (1 - threshold) / (1 - unknown)) / len(p)
  dt = by_hand.through_softmax(p, dp)

  more = np.asarray(ts.params["unknown"]["kernel"], np.float64)
  back = by_hand.backward(target, df=dt[:, k:] @ more.T, dl=dt[:, :k])
  by_labels = by_hand.backward(source, df=ds[:, k:] @ more.T, dl=ds[:, :k])
  reversed_back = {"hidden": {n: -weight * g for n, g in back["hidden"].items()}}
  net = by_hand.added(by_labels, {**reversed_back, "head": back["head"]})
  dk = source.f.T @ ds[:, k:] + target.f.T @ dt[:, k:]
  unknown_grads = {"kernel": dk, "bias": (ds[:, k:] + dt[:, k:]).sum(0)}
  total = label_loss + losses.mean()
  by_hand.assert_step(ts, *step(), {"net": net, "unknown": unknown_grads}, total)


def test_it_predicts_the_source_s_classes_and_one_more():
  ts, _ = by_hand.start("osbp")
  method = methods.get("osbp")(models.build("mlp", by_hand.K))
  x = by_hand.batch().xt
  features, logits = method.predict(ts.params, ts.state, x)
  out, expected = extended(ts, x)
  np.testing.assert_allclose(features, out.f, rtol=1e-5)
  np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_the_unknown_logit_is_that_of_the_softmax_probability():
  logits = jnp.array([[1.0, -2.0, 0.5], [30.0, 0.0, -40.0]])
  p = by_hand.softmax(np.asarray(logits, np.float64))[:, 2]
  np.testing.assert_allclose(osbp.unknown_logit(logits), np.log(p) - np.log1p(-p), rtol=1e-5)
