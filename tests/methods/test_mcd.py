"""MCD equals its paper's three steps written by hand; the mean of its classifiers predicts."""

import by_hand
import duel_by_hand as duel
import jax
import numpy as np
import pixels_by_hand as pixels
import pytest

from adapt import methods, models

# Deep classifiers gain nothing on two moons: 73.8 beside 73.3 % of source_only, linear ones 3 points.
TOY = {"given": {"weight": 0.3, "inner": 2, "depth": 0}, "margin": 0.03}
GOLDEN = {"apart": 0.05353161, "discrepancy": 0.07128862, "label_loss": 1.115843, "loss": 2.022604}


def distance(outs):
  first, second = (by_hand.softmax(o.l) for o in outs)
  sign = np.sign(first - second) / first.size
  grads = [
    by_hand.backward(o, dl=by_hand.through_softmax(p, dp))
    for o, p, dp in zip(outs, (first, second), (sign, -sign), strict=True)
  ]
  return np.abs(first - second).sum() / first.size, *duel.split(grads)


@pytest.mark.parametrize(("weight", "inner"), [(0.0, 1), (2.0, 1), (2.0, 3)])
def test_one_step_equals_the_step_by_hand(weight, inner):
  ts, step = by_hand.start("mcd", weight=weight, inner=inner, depth=0)
  batch, opt = by_hand.batch(), by_hand.Nesterov(ts.params)
  first, body, heads = duel.label_loss(duel.outputs(opt.params, batch.xs), batch)
  opt.move("net", body)
  opt.move("heads", heads)

  again, _, heads = duel.label_loss(duel.outputs(opt.params, batch.xs), batch)
  apart, _, away = distance(duel.outputs(opt.params, batch.xt))
  opt.move("heads", jax.tree.map(lambda g, a: g - weight * a, heads, away))

  for _ in range(inner):
    last, body, _ = distance(duel.outputs(opt.params, batch.xt))
    opt.move("net", jax.tree.map(lambda g: weight * g, body))

  after, metrics = step()
  assert apart > 0.01
  found = [metrics[n] for n in ("label_loss", "apart", "discrepancy", "loss")]
  total = first + again - weight * apart + weight * last
  np.testing.assert_allclose(found, [first, apart, last, total], rtol=1e-4)
  opt.assert_equal(after.params)


def test_the_mean_of_both_classifiers_predicts():
  ts, _ = by_hand.start("mcd", depth=0)
  x = by_hand.batch().xt
  method = methods.get("mcd")(models.build("mlp", by_hand.K), depth=0)
  features, logits = method.predict(ts.params, ts.state, x)
  first, second = duel.outputs(ts.params, x)
  np.testing.assert_allclose(logits, (first.l + second.l) / 2, rtol=1e-4, atol=1e-5)
  np.testing.assert_allclose(features, first.f, rtol=1e-5)


def test_no_inner_step_is_refused():
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("mcd")(models.build("mlp", 2), inner=0)


def test_one_step_on_pixels_equals_the_step_by_hand():
  """Linear classifiers of pixels: the same three steps, on masks; deep ones are refused."""
  weight = 0.5
  ts, step = pixels.start("mcd", weight=weight, inner=1, depth=0)
  batch, opt = pixels.batch(), by_hand.Nesterov(ts.params)
  outs = lambda x: duel.outputs(opt.params, np.asarray(x).reshape(-1, pixels.D))

  def learn():
    found = outs(batch.xs)
    parts = [pixels.label_loss(o, batch.ys, batch.ws) for o in found]
    grads = [by_hand.backward(o, dl=dl) for o, (_, dl) in zip(found, parts, strict=True)]
    return parts[0][0] + parts[1][0], *duel.split(grads)

  first, body, heads = learn()
  opt.move("net", body)
  opt.move("heads", heads)
  _, _, heads = learn()
  apart, _, away = distance(outs(batch.xt))
  opt.move("heads", jax.tree.map(lambda g, a: g - weight * a, heads, away))
  last, body, _ = distance(outs(batch.xt))
  opt.move("net", jax.tree.map(lambda g: weight * g, body))

  after, metrics = step(ts)
  found = [metrics[n] for n in ("label_loss", "apart", "discrepancy")]
  np.testing.assert_allclose(found, [first, apart, last], rtol=1e-4)
  opt.assert_equal(after.params)
  with pytest.raises(ValueError, match="linear classifiers of pixels: set its depth to 0"):
    methods.get("mcd")(pixels.net())
