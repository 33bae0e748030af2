"""SagNet equals its three losses by hand, each with a gradient for its own part."""

import by_hand
import jax
import numpy as np
import pytest
import spurious
from test_assoc import numerical
from test_sd import features

GOLDEN = {
  "even_loss": 0.7072918,
  "label_loss": 0.6139439,
  "loss": 1.369074,
  "style_loss": 0.6844012,
}
B = by_hand.B


def parted(f):
  mean, width = f.mean(1, keepdims=True), np.sqrt(f.var(1, ddof=1, keepdims=True) + 1e-5)
  return (f - mean) / width, mean, width


def mixed(f, other, own):
  content, mean, width = parted(f)
  mean, square = (own * v + (1 - own) * v[other] for v in (mean, width**2))
  return content * np.sqrt(square) + mean


def swapped(f, content, other):
  """`content` is a constant of the gradient."""
  _, mean, width = parted(f)
  return content[other] * width + mean


def dense(layer):
  return np.asarray(layer["kernel"], np.float64), np.asarray(layer["bias"], np.float64)


def test_one_step_equals_the_step_by_hand():
  ts, step = by_hand.start("sagnet", weight=0.6)
  batch, key = by_hand.batch(), jax.random.fold_in(ts.key, ts.step)
  _, k_share, *keys = jax.random.split(key, 5)
  first, second, third = (np.asarray(jax.random.permutation(k, B)) for k in keys)
  own = np.asarray(jax.random.uniform(k_share, (B, 1)), np.float64)
  out = by_hand.forward(ts.params["net"], batch.xs)
  (kernel, bias), (style, offset) = dense(ts.params["net"]["head"]), dense(ts.params["style"])
  content = parted(out.f)[0]
  share = np.asarray(batch.ws, np.float64) / np.asarray(batch.ws, np.float64).sum()

  def risk(f):
    return by_hand.cross_entropy(mixed(f, first, own) @ kernel + bias, batch.ys, batch.ws)

  def even(f):
    p = by_hand.softmax(swapped(f, content, third) @ style + offset)
    return -share @ np.log(p).mean(1)

  seen, told = mixed(out.f, first, own), swapped(out.f, content, second)
  (label_loss, dl), (style_loss, ds) = (
    risk(out.f),
    by_hand.cross_entropy(told @ style + offset, batch.ys, batch.ws),
  )
  df = numerical(lambda f: risk(f)[0] + 0.6 * even(f), out.f)
  net = by_hand.backward(out, df=df)
  net["head"] = {"kernel": seen.T @ dl, "bias": dl.sum(0)}
  grads = {"net": net, "style": {"kernel": told.T @ ds, "bias": ds.sum(0)}}
  by_hand.assert_step(ts, *jax.jit(step)(), grads, label_loss + style_loss + 0.6 * even(out.f))


@pytest.mark.adapts("sagnet")
def test_a_feature_of_many_sizes_does_not_hide_one_of_one_size():
  """Both tell the classes of the source; in the target the one of many sizes tells nothing."""
  sources, target = [features(200, 0, lies=False)], features(1000, 1, lies=True)
  found, null = (spurious.reached("sagnet", sources, target, weight=w) for w in (10.0, 0.0))
  assert found > null + 0.15
