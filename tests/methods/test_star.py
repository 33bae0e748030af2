"""STAR equals its three steps written by hand: classifiers drawn by a learnt mean and spread."""

import by_hand
import duel_by_hand as duel
import jax
import numpy as np
import pytest
from test_mcd import distance

from adapt import methods, models

TOY = {"given": {"inner": 2, "depth": 0}, "margin": 0.05}
GOLDEN = {"apart": 0.1347266, "discrepancy": 0.0572526, "label_loss": 0.9812341, "loss": 1.688561}

INNER, WEIGHT = 2, 0.8


def outputs(params, x, noise):
  """Of both classifiers drawn with that noise."""
  mean, spread = params["heads"]["mean"], np.log1p(np.exp(params["heads"]["spread"] - 2))
  heads = ({**mean, "kernel": mean["kernel"] + spread * e} for e in noise)
  return [by_hand.forward({**params["net"], "head": h}, x) for h in heads]


def of_heads(params, heads, noise):
  """Gradients of both classifiers as those of mean and spread."""
  slope = 1 / (1 + np.exp(2 - params["heads"]["spread"]))
  by_spread = sum(h["kernel"] * slope * e for h, e in zip(heads.values(), noise, strict=True))
  return {"mean": by_hand.added(*heads.values()), "spread": by_spread}


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("star", weight=WEIGHT, inner=INNER, depth=0)
  key, batch = jax.random.fold_in(ts.key, ts.step), by_hand.batch()
  spread = ts.params["heads"]["spread"] + 2.5  # so that the classifiers differ
  ts = ts._replace(params={**ts.params, "heads": {**ts.params["heads"], "spread": spread}})
  opt = by_hand.Nesterov(ts.params)

  def noise(phase, repeat=0):
    k = jax.random.fold_in(key, 1000 * phase + repeat)
    k = (k, jax.random.split(k, 3)[0], jax.random.split(k)[0])[phase]
    return np.asarray(jax.random.normal(jax.random.fold_in(k, 2), (2, *spread.shape)), np.float64)

  e = noise(0)
  first, body, heads = duel.label_loss(outputs(opt.params, batch.xs, e), batch)
  own = of_heads(opt.params, heads, e)
  opt.move("net", body)
  opt.move("heads", own)

  e = noise(1)
  again, _, heads = duel.label_loss(outputs(opt.params, batch.xs, e), batch)
  far, _, away = distance(outputs(opt.params, batch.xt, e))
  heads = jax.tree.map(lambda g, a: g - WEIGHT * a, heads, away)
  opt.move("heads", of_heads(opt.params, heads, e))

  for i in range(INNER):
    near, body, _ = distance(outputs(opt.params, batch.xt, noise(2, i)))
    opt.move("net", jax.tree.map(lambda g: WEIGHT * g, body))

  after, metrics = step(ts)
  found = [metrics[n] for n in ("label_loss", "apart", "discrepancy", "loss")]
  total = first + again - WEIGHT * far + WEIGHT * near
  np.testing.assert_allclose(found, [first, far, near, total], rtol=1e-4)
  opt.assert_equal(after.params)
  assert np.abs(after.params["heads"]["spread"] - spread).max() > 1e-3


@pytest.mark.parametrize("depth", [0, 1])
def test_the_mean_classifier_predicts_and_both_share_all_but_the_last_kernel(depth):
  method = methods.get("star")(models.build("mlp", by_hand.K), depth=depth, width=8)
  batch, key = by_hand.batch(), jax.random.key(0)
  params, state = jax.jit(lambda k: method.init(k, batch))(key)
  certain = {**params["heads"], "spread": params["heads"]["spread"] - 40}  # no spread at all
  for heads, differ in ((params["heads"], True), (certain, False)):
    loss = jax.jit(method.loss[1].loss)
    _, (_, metrics) = loss({**params, "heads": heads}, state, batch, key, 0.5)
    assert (metrics["apart"] > 1e-4) == differ  # dropout included, at depth 1
  _, logits = jax.jit(method.predict)(params, state, batch.xt)
  if depth == 0:
    expected = by_hand.forward({**params["net"], "head": params["heads"]["mean"]}, batch.xt).l
    np.testing.assert_allclose(logits, expected, rtol=1e-3, atol=1e-4)
  assert logits.shape == (by_hand.B, by_hand.K)


def test_no_inner_step_is_refused():
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("star")(models.build("mlp", 2), inner=0)
