"""AdvSKM by hand: spectral layers climb a distance of means, then the network descends it."""

import by_hand
import jax
import normed_by_hand as central
import numpy as np
import pytest

from adapt import methods, models

TOY = {
  "given": {"width": 32},
  "margin": 0.1,
  "layouts": {"width": 32, "climb": 0.01, "weight": 0.3},
}
GOLDEN = {"apart": 0.7191228, "label_loss": 0.651493, "loss": 0.8793854, "mmd_loss": 0.7836123}


def spectral(layers, x, hybrid):
  for name in ("a", "b"):
    p = layers[name]
    h = x @ p["kernel"] + p["bias"]
    h = (h - h.mean(0)) / np.sqrt(h.var(0) + 1e-3)
    half = h.shape[1] // 2 if hybrid else h.shape[1]
    waves = np.cos(h[:, :half] * p["scale"] + p["shift"])
    x = np.concatenate([waves, np.maximum(h[:, half:], 0)], axis=1)
  return x


def distance(layers, source, target, hybrid):
  z = spectral(layers, np.concatenate([source, target]), hybrid)
  return ((z[: len(source)].mean(0) - z[len(source) :].mean(0)) ** 2).sum()


@pytest.mark.parametrize(("inner", "hybrid"), [(1, True), (2, False)])
def test_one_step_equals_the_step_by_hand(inner, hybrid):
  given = {"weight": 0.8, "climb": 0.7, "inner": inner, "hybrid": hybrid, "width": 8}
  ts, step = by_hand.decided("advskm", **given)
  batch, opt = by_hand.batch(), by_hand.Nesterov(ts.params)

  def features():
    return [by_hand.forward(opt.params["net"], x) for x in (batch.xs, batch.xt)]

  source, target = features()
  for _ in range(inner):
    apart = distance(opt.params["layers"], source.f, target.f, hybrid)
    loss = lambda layers: -0.7 * distance(layers, source.f, target.f, hybrid)
    opt.move("layers", central.slopes(loss, opt.params["layers"]))
  after_climb = distance(opt.params["layers"], source.f, target.f, hybrid)
  assert abs(after_climb - apart) > 1e-3

  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  layers = opt.params["layers"]
  pair = {"s": source.f, "t": target.f}
  slope = central.slopes(lambda f: 0.8 * distance(layers, f["s"], f["t"], hybrid), pair)
  grads = by_hand.added(
    by_hand.backward(source, df=slope["s"], dl=dl), by_hand.backward(target, df=slope["t"])
  )
  opt.move("net", grads)

  after, metrics = step(ts)
  found = [metrics[n] for n in ("apart", "mmd_loss", "label_loss")]
  np.testing.assert_allclose(found, [apart, after_climb, label_loss], rtol=1e-4)
  opt.assert_equal(after.params)


def test_the_distance_moves_the_features():
  """Where it is taken without gradients, the network learns from the source alone."""
  method = methods.get("advskm")(models.build("mlp", by_hand.K), width=8)
  batch, key = by_hand.batch(), jax.random.key(0)
  params, state = method.init(key, batch)
  loss = method.loss[1].loss
  moved = jax.grad(lambda p: loss(p, state, batch, key, 0.5)[1][1]["mmd_loss"])(params)
  assert np.abs(moved["net"]["hidden"]["kernel"]).max() > 1e-4


@pytest.mark.parametrize(
  ("given", "message"),
  [({"inner": 0}, "choose at least 1"), ({"width": 6}, "choose a multiple of 4")],
)
def test_what_cannot_be_is_refused(given, message):
  with pytest.raises(ValueError, match=message):
    methods.get("advskm")(models.build("mlp", 2), **given)
