"""SWD equals its paper written by hand: three minimisations, sorted projections."""

import by_hand
import duel_by_hand as duel
import jax
import numpy as np
import pytest

from adapt import methods, models

TOY = {"given": {"depth": 0}}
GOLDEN = {
  "apart": 0.001623054,
  "discrepancy": 0.002011952,
  "label_loss": 1.119587,
  "loss": 2.022181,
}


def distance(outs, key):
  """(sliced distance, gradients) between the classifiers' probabilities on the target."""
  lines = np.asarray(jax.random.normal(key, (by_hand.K, 5)), np.float64)
  lines /= np.sqrt((lines**2).sum(0))
  ps = [by_hand.softmax(o.l) for o in outs]
  total, dps = 0.0, [np.zeros_like(p) for p in ps]
  for line in lines.T:
    a, b = (p @ line for p in ps)
    for i, j in zip(np.argsort(a), np.argsort(b), strict=True):
      total += (a[i] - b[j]) ** 2 / (5 * by_hand.B)
      dps[0][i] += 2 * (a[i] - b[j]) * line / (5 * by_hand.B)
      dps[1][j] -= 2 * (a[i] - b[j]) * line / (5 * by_hand.B)
  grads = [
    by_hand.backward(o, dl=by_hand.through_softmax(p, dp))
    for o, p, dp in zip(outs, ps, dps, strict=True)
  ]
  return total, *duel.split(grads)


@pytest.mark.parametrize("repeat", [1, 2])
def test_one_step_equals_the_step_by_hand(repeat):
  weight = 20.0
  ts, step = by_hand.start("swd", weight=weight, directions=5, repeat=repeat, depth=0)
  batch, opt = by_hand.batch(), by_hand.Nesterov(ts.params)
  key = jax.random.fold_in(ts.key, ts.step)

  first, body, heads = duel.label_loss(duel.outputs(opt.params, batch.xs), batch)
  opt.move("net", body)
  opt.move("heads", heads)

  lines = jax.random.split(jax.random.fold_in(key, 1000), 3)[2]
  again, _, heads = duel.label_loss(duel.outputs(opt.params, batch.xs), batch)
  apart, _, away = distance(duel.outputs(opt.params, batch.xt), lines)
  opt.move("heads", jax.tree.map(lambda g, a: g - weight * a, heads, away))

  for i in range(repeat):
    lines = jax.random.split(jax.random.fold_in(key, 2000 + i))[1]
    last, body, _ = distance(duel.outputs(opt.params, batch.xt), lines)
    opt.move("net", jax.tree.map(lambda g: weight * g, body))

  after, metrics = step()
  np.testing.assert_allclose(metrics["label_loss"], first, rtol=1e-5)
  np.testing.assert_allclose(metrics["apart"], apart, rtol=1e-4)
  np.testing.assert_allclose(metrics["discrepancy"], last, rtol=1e-4)
  total = first + again - weight * apart + weight * last
  np.testing.assert_allclose(metrics["loss"], total, rtol=1e-4)
  opt.assert_equal(after.params)


@pytest.mark.parametrize("given", [{"directions": 0}, {"repeat": 0}])
def test_no_direction_and_no_repeat_are_refused(given):
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("swd")(models.build("mlp", 2), **given)
