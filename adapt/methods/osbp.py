"""OSBP: an unknown class learnt against a threshold (Saito et al., 2018, arXiv:1804.10427)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net, Params
from adapt.models import head, nets

FAMILY = "partial, open-set, universal"


def osbp(
  net: Net, *, weight: float = 1.0, threshold: Annotated[float, Range(0.1, 0.9)] = 0.5
) -> Method:
  """Trains features that assign target examples surely to known classes or unknown.

      min  CE(pₛ, yₛ) + BCE(p(R(fₜ, weight))[k + 1], threshold)
      p over k + 1 classes, the last "unknown"

  The classifier has one class more than the source, "unknown". It learns the source's labels, and on
  the target to give "unknown" a probability of `threshold`; the features learn to give it another
  one, and so have to decide. Each domain has its own batch-norm pass, as in the authors' code. With
  weight 0 the classifier alone learns from the target. The extra class is one more column beside the
  network's head, so that networks need not know of it.

  Departs from the authors' code in the layers: there two of batch-norm and dropout on a backbone
  that stays as published unless asked otherwise, here the network as it is; and in the rates, equal
  for both there (0.001).

  Where re-implementations go wrong: the paper's equation for the adversarial loss lacks its minus
  sign, and taken literally turns the game round; the gradient is reversed on the features of the
  target alone, not on the source's; and the probability is of all K + 1 classes.

  Args:
    weight: strength of the reversed gradient.
    threshold: the probability of "unknown" that the classifier holds out on the target (the paper's t).
  """
  ops.check_shares(threshold=threshold)

  def init(key, batch: Batch):
    k_net, k_unknown = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    return {"net": params, "unknown": head.start(k_unknown, features, 1)}, {"stats": stats}

  def logits(params: Params, features: jax.Array) -> jax.Array:
    both = head.logits(params["net"]["head"], features), head.logits(params["unknown"], features)
    return jnp.concatenate(both, axis=1)  # [b, K + 1]

  def loss(params, state, batch: Batch, key, progress):
    (fs, _), (ft, _), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(ops.cross_entropy(logits(params, fs), batch.ys), batch.ws)
    lt = logits(params, ops.reverse_gradient(ft, weight))
    odds = unknown_logit(lt)
    unknown_loss = ops.binary_cross_entropy(odds, jnp.full(len(odds), threshold)).mean()
    rejected = (lt.argmax(axis=1) == lt.shape[1] - 1).mean()
    metrics = {"label_loss": label_loss, "unknown_loss": unknown_loss, "rejected": rejected}
    return label_loss + unknown_loss, ({"stats": stats}, metrics)

  def predict(params, state, x):
    (features, _), _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
    return features, logits(params, features)

  return Method(init, loss, predict, serves=("open", "universal"))


def unknown_logit(logits: Float[Array, "b c"]) -> Float[Array, " b"]:
  """Whose sigmoid is the softmax probability of the last class."""
  return logits[:, -1] - jax.nn.logsumexp(logits[:, :-1], axis=1)
