"""MDD: no margin between a classifier and its adversary (Zhang et al., 2019, arXiv:1904.05801)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import head, nets

FAMILY = "adversarial"


def mdd(
  net: Net,
  *,
  weight: float = 0.1,
  margin: Annotated[float, Range(1.0, 8.0, "log")] = 4.0,
  ramp: float = 10.0,
) -> Method:
  """Trains features on which a second classifier cannot differ from the first on the target alone.

  The adversary learns to agree with the classifier's decisions on the source and to disagree on the
  target; the reversed gradient asks the features to prevent it. Source and target share one
  batch-norm pass, as in the authors' code. Classifier and adversary are linear here, where the
  authors give both a hidden layer.

  Where re-implementations go wrong: log(1 − softmax) is −∞ in single precision for a sure
  adversary, and shifted by 1e-6 (TLlib) its gradient vanishes just there, while the difference of
  two log-sum-exps has neither fault; the margin belongs to the source term only; the adversary's
  own gradient is not scaled, only what is reversed into the features; and decisions are constants.

  Args:
    weight: final strength of the reversed gradient (the paper's η).
    margin: factor of the source term, exp of the paper's margin ρ; 2 to 4 there.
    ramp: steepness with which the strength grows from 0; the published code, which counts
      iterations, comes to steps / 1000.
  """

  def init(key, batch: Batch):
    k_net, k_adversary = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    classes = head.split(params)[1]["kernel"].shape[-1]
    return {"net": params, "adversary": head.start(k_adversary, features, classes)}, {
      "stats": stats
    }

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=True
    )
    label_loss = ops.weighted_mean(ops.cross_entropy(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    adversary_s, adversary_t = (
      head.logits(params["adversary"], ops.reverse_gradient(f, strength)) for f in (fs, ft)
    )
    agree = ops.cross_entropy(adversary_s, ls.argmax(axis=1)).mean()
    disagree = -log_other(adversary_t, lt.argmax(axis=1)).mean()
    metrics = {"label_loss": label_loss, "agree_loss": agree, "disagree_loss": disagree}
    return label_loss + margin * agree + disagree, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))


def log_other(logits: Float[Array, "b k"], labels: Int[Array, " b"]) -> Float[Array, " b"]:
  """log(1 − softmax) at the labels: the logarithm of all other classes' probability."""
  own = jax.nn.one_hot(labels, logits.shape[1], dtype=bool)
  others = jnp.where(own, -jnp.inf, logits)
  return jax.nn.logsumexp(others, axis=1) - jax.nn.logsumexp(logits, axis=1)
