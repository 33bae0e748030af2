"""SWD equals its paper written by hand: three minimisations, sorted projections."""

import by_hand
import jax
import numpy as np
import pytest

from adapt import methods, models


class Nesterov:
  """The optimiser of by_hand.SETTINGS in NumPy; one velocity per entry, kept between phases."""

  def __init__(self, params):
    self.params = jax.tree.map(lambda v: np.asarray(v, np.float64), dict(params))
    self.speed = jax.tree.map(np.zeros_like, self.params)

  def move(self, entry, grads):
    s, p = by_hand.SETTINGS, self.params[entry]
    d = jax.tree.map(lambda g, w: g + s.weight_decay * w, grads, p)
    self.speed[entry] = jax.tree.map(lambda v, g: s.momentum * v + g, self.speed[entry], d)
    self.params[entry] = jax.tree.map(
      lambda w, g, v: w - s.lr * (g + s.momentum * v), p, d, self.speed[entry]
    )


def outputs(params, x):
  """Of both classifiers on the same features."""
  return [by_hand.forward({**params["net"], "head": h}, x) for h in params["heads"].values()]


def split(gradients):
  """Gradients of both classifiers' outputs as those of the body and of the heads."""
  body = by_hand.added(*({"hidden": g["hidden"]} for g in gradients))
  return body, dict(zip(("first", "second"), (g["head"] for g in gradients), strict=True))


def label_loss(outs, batch):
  parts = [by_hand.cross_entropy(o.l, batch.ys, batch.ws) for o in outs]
  grads = [by_hand.backward(o, dl=dl) for o, (_, dl) in zip(outs, parts, strict=True)]
  return parts[0][0] + parts[1][0], *split(grads)


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
  return total, *split(grads)


@pytest.mark.parametrize("repeat", [1, 2])
def test_one_step_equals_the_step_by_hand(repeat):
  weight = 20.0
  ts, step = by_hand.start("swd", weight=weight, directions=5, repeat=repeat)
  batch, opt = by_hand.batch(), Nesterov(ts.params)
  key = jax.random.fold_in(ts.key, ts.step)

  first, body, heads = label_loss(outputs(opt.params, batch.xs), batch)
  opt.move("net", body)
  opt.move("heads", heads)

  lines = jax.random.split(jax.random.fold_in(key, 1000), 3)[2]
  again, _, heads = label_loss(outputs(opt.params, batch.xs), batch)
  apart, _, away = distance(outputs(opt.params, batch.xt), lines)
  opt.move("heads", jax.tree.map(lambda g, a: g - weight * a, heads, away))

  for i in range(repeat):
    lines = jax.random.split(jax.random.fold_in(key, 2000 + i))[1]
    last, body, _ = distance(outputs(opt.params, batch.xt), lines)
    opt.move("net", jax.tree.map(lambda g: weight * g, body))

  after, metrics = step()
  np.testing.assert_allclose(metrics["label_loss"], first, rtol=1e-5)
  np.testing.assert_allclose(metrics["swd_apart"], apart, rtol=1e-4)
  np.testing.assert_allclose(metrics["swd_loss"], last, rtol=1e-4)
  total = first + again - weight * apart + weight * last
  np.testing.assert_allclose(metrics["loss"], total, rtol=1e-4)
  jax.tree.map(
    lambda a, e: np.testing.assert_allclose(a, e, rtol=1e-4, atol=2e-6), after.params, opt.params
  )


def test_both_classifiers_start_apart_even_from_one_source_model():
  from adapt import nets

  net = models.build("mlp", by_hand.K)
  warm = nets.beginning_at(net, *net.init(jax.random.key(0), by_hand.batch().xs))
  params, _ = methods.get("swd")(warm).init(jax.random.key(1), by_hand.batch())
  heads = params["heads"]
  assert np.abs(heads["first"]["kernel"] - heads["second"]["kernel"]).max() > 0.01


@pytest.mark.parametrize("given", [{"directions": 0}, {"repeat": 0}])
def test_no_direction_and_no_repeat_are_refused(given):
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("swd")(models.build("mlp", 2), **given)
