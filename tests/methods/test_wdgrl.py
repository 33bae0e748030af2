"""WDGRL equals its paper written by hand for a linear critic, whose gradient is its kernel."""

import by_hand
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adapt import methods, models
from adapt.methods.wdgrl import slopes
from adapt.models.critic import critic

# A critic without normalisation does not bear the others' learning rate.
TOY = {"given": {"width": 32, "penalty": 0.3, "inner": 3}, "lr": 0.01, "margin": 0.15}
GOLDEN = {
  "label_loss": 0.7996918,
  "loss": 0.9625777,
  "slope_loss": 0.4803278,
  "wasserstein": 0.00409729,
}

B = by_hand.B


def wasserstein(layer, source, target):
  return float(((source.f.mean(0) - target.f.mean(0)) @ layer["kernel"])[0])


@pytest.mark.parametrize(("weight", "inner"), [(0.0, 1), (0.7, 1), (0.7, 3)])
def test_one_step_equals_the_step_by_hand(weight, inner):
  ts, step = by_hand.start("wdgrl", weight=weight, penalty=2.0, inner=inner, depth=0)
  batch, opt = by_hand.batch(), by_hand.Nesterov(ts.params)
  source, target = (by_hand.forward(opt.params["net"], x) for x in (batch.xs, batch.xt))
  for _ in range(inner):
    kernel = opt.params["critic"]["Dense_0"]["kernel"]
    length = np.sqrt((kernel**2).sum())
    slope_loss = (length - 1) ** 2
    first = 2 * slope_loss - wasserstein(opt.params["critic"]["Dense_0"], source, target)
    apart = (source.f.mean(0) - target.f.mean(0))[:, None]
    opt.move(
      "critic",
      {"Dense_0": {"kernel": 4 * (length - 1) * kernel / length - apart, "bias": np.zeros(1)}},
    )

  label_loss, dl = by_hand.cross_entropy(source.l, batch.ys, batch.ws)
  layer = opt.params["critic"]["Dense_0"]
  distance = wasserstein(layer, source, target)
  df = weight * np.broadcast_to(layer["kernel"][:, 0] / B, source.f.shape)
  opt.move(
    "net",
    by_hand.added(by_hand.backward(source, df=df, dl=dl), by_hand.backward(target, df=-df)),
  )
  after, metrics = step()
  found = [metrics[n] for n in ("slope_loss", "wasserstein", "label_loss", "loss")]
  total = first + label_loss + weight * distance
  np.testing.assert_allclose(found, [slope_loss, distance, label_loss, total], rtol=1e-4)
  opt.assert_equal(after.params)


def slope_by_hand(params, points):
  """Of a critic with one rectified layer, example by example."""
  one, two = (
    jax.tree.map(lambda v: np.asarray(v, np.float64), params[n]) for n in ("Dense_0", "Dense_1")
  )
  lengths = []
  for x in np.asarray(points, np.float64):
    on = x @ one["kernel"] + one["bias"] > 0
    lengths.append(np.linalg.norm(one["kernel"] @ (on * two["kernel"][:, 0])))
  return np.mean((np.array(lengths) - 1) ** 2)


def test_slopes_are_those_of_single_examples_and_have_the_gradient_of_differences():
  points = jnp.asarray(np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32))
  network = critic(5, 1, normed=False)
  params = network.init(jax.random.key(0), points)
  np.testing.assert_allclose(
    slopes(network, params, points), slope_by_hand(params, points), rtol=1e-5
  )
  gradient = jax.grad(lambda p: slopes(network, p, points))(params)
  for name in ("Dense_0", "Dense_1"):
    kernel = np.asarray(params[name]["kernel"], np.float64)
    for at in [(0, 0), (3, 0)]:
      values = []
      for sign in (1, -1):
        moved = kernel.copy()
        moved[at] += sign * 1e-6
        values.append(slope_by_hand({**params, name: {**params[name], "kernel": moved}}, points))
      difference = (values[0] - values[1]) / 2e-6
      np.testing.assert_allclose(gradient[name]["kernel"][at], difference, rtol=1e-3, atol=1e-5)


def test_the_penalty_is_taken_at_both_domains_and_between_pairs():
  ts, step = by_hand.start("wdgrl", inner=1, width=5, depth=1)
  batch = by_hand.batch()
  fs, ft = (by_hand.forward(ts.params["net"], x).f for x in (batch.xs, batch.xt))
  _, key = jax.random.split(jax.random.fold_in(jax.random.fold_in(ts.key, ts.step), 0))
  share = np.asarray(jax.random.uniform(key, (B, 1)), np.float64)
  points = np.concatenate([fs, ft, share * fs + (1 - share) * ft])
  _, metrics = step()
  np.testing.assert_allclose(
    metrics["slope_loss"], slope_by_hand(ts.params["critic"], points), rtol=1e-5
  )


def test_no_inner_step_is_refused():
  with pytest.raises(ValueError, match="choose at least 1"):
    methods.get("wdgrl")(models.build("mlp", 2), inner=0)
