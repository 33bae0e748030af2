"""CLDA: contrast of classes and of views, few target labels (Singh, 2021, arXiv:2107.00085)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.losses.contrast import info_nce
from adapt.method import Batch, Method, Net
from adapt.methods.mme import products
from adapt.methods.mstn import moved
from adapt.models import nets

FAMILY = "few labelled targets"


def clda(
  net: Net,
  *,
  weight: float = 1.0,
  instance: float = 4.0,
  softness: Annotated[float, Range(0.1, 10.0, "log")] = 5.0,
  temperature: Annotated[float, Range(0.01, 0.5, "log")] = 0.05,
  decay: Annotated[float, Range(0.001, 0.9, "log")] = 0.001,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains on few target labels, by contrast of classes and views.

      min  CE(pʷ, y) + weight · (C(aₜ, aₛ) + instance · C(sg(pₜʷ), pₜˢ))
      aₜ: mean pₜʷ of each ŷₜ      aₛ: moving mean of pₛʷ of each yₛ
      C(a, b) = −E log softmax(⟨a, c⟩ / softness) at c = b, and of b, a alike
      c: b and other rows of both      y: yₛ, few yₜ      ℓ = Wᵀu / temperature

  What is contrasted are predicted probabilities: the mean of target examples that are predicted as a
  class with the source's moving mean of that class and with other classes', the strong view of a
  target example with its weak view and with other examples'. The head is that of mme. All views share
  one batch-norm pass. With weight 0 it is the baseline S+T.

  Departs from the authors' code in the head, there behind one more linear layer of 512 units on
  ResNets; in the batch, there four times as many unlabelled target examples; in the strong views, there
  crops, colour jitter, grey and a longer RandAugment; and in the backbone's tenth of the rate, a
  setting here.

  Where re-implementations go wrong: probabilities are not brought to length 1; both sides of a pair
  ask, and others of either side answer; the weak view is a constant, the target's means are not; the
  source's means are those before this batch; and their average keeps a thousandth of the past: its
  0.999 weighs the new.

  Args:
    weight: factor of both contrasts; that of classes in the paper, β.
    instance: factor of the contrast of views in it; the paper's α, 4 in the authors' code.
    softness: divides the inner products of probabilities; the temperature of 5 in the authors' code.
    temperature: divides the head's products of unit features and prototypes.
    decay: share of the past in the source's moving means.
    noise: standard deviation of the noise in the strong views of inputs that are not images; of
      series, a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """
  ops.check_shares(decay=decay)

  def init(key, batch: Batch):
    ops.check_numbers(batch.xt, "clda adds noise to")
    params, stats, _ = nets.start(net, key, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs[:1], train=False, key=None)
    return {"net": params}, {"stats": stats, "means": jnp.zeros((logits.shape[1],) * 2)}

  def logits(params, features):
    return products(features, params["net"]["head"]["kernel"]) / temperature

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_strong, *keys = jax.random.split(key, 5)
    inputs = zip(keys, (batch.xs, batch.xl, batch.xt), strict=True)
    views = [weak_and_strong.weak(k, x, mirror, net.kind) for k, x in inputs]
    views.append(weak_and_strong.strong(k_strong, batch.xt, noise, mirror, net.kind))
    n, few, m = map(len, views[:3])
    x = jnp.concatenate(views)
    (features, _), stats = net.apply(params["net"], state["stats"], x, True, k_net)
    found = logits(params, features)
    ws, ys = (jnp.concatenate(pair) for pair in ((batch.ws, jnp.ones(few)), (batch.ys, batch.yl)))
    label_loss = ops.weighted_mean(net.output.loss(found[: n + few], ys), ws)
    p = jax.nn.softmax(found)
    weak, strong = p[n + few : n + few + m], p[n + few + m :]
    view_loss = contrast(jax.lax.stop_gradient(weak), strong, jnp.ones(m, bool), softness)
    old = state["means"]
    seen, own = old.any(axis=1), moved(jnp.zeros_like(old), weak, weak.argmax(axis=1), 0.0)
    class_loss = contrast(own, old, seen & own.any(axis=1), softness)  # rows of 0 are no means
    source = jax.lax.stop_gradient(p[:n])
    means = moved(old, source, batch.ys, jnp.where(seen[:, None], decay, 0.0))
    metrics = {"label_loss": label_loss, "class_loss": class_loss, "view_loss": view_loss}
    total = label_loss + weight * (class_loss + instance * view_loss)
    return total, ({"stats": stats, "means": means}, metrics)

  def predict(params, state, x):
    (features, _), _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
    return features, logits(params, features)

  return Method(init, loss, predict, reads=("source", "target", "labelled"))


def contrast(
  one: Float[Array, "n d"],
  two: Float[Array, "n d"],
  there: Bool[Array, " n"],
  softness: jax.Array | float,
) -> Float[Array, ""]:
  """Mean of naming each one's partner among all of either side."""
  asks, own, there = (jnp.concatenate(pair) for pair in ((one, two), (two, one), (there, there)))
  row = jnp.arange(len(asks)) % len(one)
  apart = (row[:, None] != row) & there
  return ops.weighted_mean(info_nce(asks, own, asks, apart, softness), there)
