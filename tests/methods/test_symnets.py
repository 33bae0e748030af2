"""SymNets equals its eq. 5-12 written by hand: what moves the classifiers, and what the features."""

import by_hand
import jax.numpy as jnp
import normed_by_hand as central
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods import symnets

TOY = {"given": {"predicts": "source"}}
GOLDEN = {
  "class_confusion": 1.357749,
  "domain_confusion": 0.700814,
  "domain_loss": 1.424513,
  "entropy_loss": 0.6872937,
  "label_loss": 1.300958,
  "loss": 4.423193,
}

N, K = by_hand.B, by_hand.K
STRENGTH = 0.7 * (2 / (1 + np.exp(-10 * 0.4)) - 1)  # weight 0.7, progress 4 / 10


def outputs(net, classifiers):
  """Softmax over 2k outputs of the source's and of the target's examples, and those logits."""
  batch, halves = by_hand.batch(), list(classifiers.values())
  head = {n: np.concatenate([h[n] for h in halves], -1) for n in ("kernel", "bias")}
  logits = by_hand.forward({**net, "head": head}, np.concatenate([batch.xs, batch.xt])).l
  return [(by_hand.softmax(v), v) for v in (logits[:N], logits[N:])]


def of_classifiers(net, classifiers):
  batch = by_hand.batch()
  (ps, ls), (pt, _) = outputs(net, classifiers)
  labels = sum(
    by_hand.cross_entropy(half, batch.ys, batch.ws)[0] for half in (ls[:, :K], ls[:, K:])
  )
  own = -np.average(np.log(ps[:, :K].sum(1)), weights=batch.ws)
  return labels + own - np.log(pt[:, K:].sum(1)).mean()


def of_features(net, classifiers):
  batch, i = by_hand.batch(), np.arange(N)
  (ps, _), (pt, _) = outputs(net, classifiers)
  ys = np.asarray(batch.ys)
  by_label = -np.average(np.log(ps[i, ys] * ps[i, K + ys]) / 2, weights=batch.ws)
  both = pt[:, :K].sum(1) * pt[:, K:].sum(1)
  p = pt[:, :K] + pt[:, K:]
  entropy = -(p * np.log(p)).sum(1)
  return by_label + STRENGTH * (entropy - np.log(both) / 2).mean()


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.decided("symnets", weight=0.7)
  params = central.double(ts.params)
  body, classifiers = params["net"], params["heads"]
  grads = {
    "net": central.slopes(lambda net: of_features(net, classifiers), body),
    "heads": central.slopes(lambda c: of_classifiers(body, c), classifiers),
  }
  total = of_features(body, classifiers) + of_classifiers(body, classifiers)
  by_hand.assert_step(ts, *step(), grads, total)


@pytest.mark.parametrize("predicts", ["target", "source"])
def test_the_classifier_of_that_domain_predicts(predicts):
  ts, _ = by_hand.decided("symnets")
  method = methods.get("symnets")(models.build("mlp", K), predicts=predicts)
  _, found = method.predict(ts.params, ts.state, by_hand.batch().xt)
  own = {**ts.params["net"], "head": ts.params["heads"][predicts]}
  expected = by_hand.forward(own, by_hand.batch().xt).l
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_another_classifier_is_refused():
  with pytest.raises(ValueError, match="choose target or source"):
    methods.get("symnets")(models.build("mlp", K), predicts="both")


def test_far_logits_have_finite_losses():
  """Where a domain's probability is 0 in single precision, its logarithm is not."""
  source, target = symnets.domains(jnp.array([[300.0, 0.0, 0.0, -300.0]]))
  np.testing.assert_allclose([*source, *target], [0.0, -300.0], atol=1e-4)
