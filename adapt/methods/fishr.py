"""Fishr: equal gradient variances in all source domains (Rame et al., 2022, arXiv:2109.02934)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def fishr(
  net: Net,
  *,
  weight: float = 1000.0,
  decay: Annotated[float, Range(0.5, 0.99)] = 0.95,
  share: Annotated[float, Range(0.0, 0.9)] = 0.3,
) -> Method:
  """Trains on pooled source risk until gradients vary alike in all sources.

      min  CE(pₛ, yₛ) + λ · Eᵢ‖vᵢ − Eⱼ[vⱼ]‖² / e      sources i, j
      λ = 0 while q < share, and then weight
      vᵢ = Var(gᵢ) + decay / (1 − decay) · aᵢ,  then aᵢ ← sg((1 − decay) · vᵢ)
      gᵢ: gradients by the head's e numbers of CE(pₛ, yₛ), examples of i

  The variance of examples' gradients over a domain is a moving average, aᵢ. The target is not looked at.
  The gradients are the cross-entropy's, so that another loss of the output is refused.

  Departs from the authors' code in the pooled batches, where theirs has one of each domain: a domain
  that a batch lacks keeps its variances, and has no part in the penalty; and in Adam, which starts
  afresh there when the penalty begins.

  Where re-implementations go wrong: the gradient of the penalty reaches the features, so per-example
  gradients are functions and not numbers; only the part that a batch adds to an average has a
  gradient, and the authors divide by it (1 − decay), which is to be multiplied in by those who do not;
  the variance is divided by n, not by n − 1; and the squared distance is a mean over parameters.

  Args:
    weight: factor of the penalty (the paper's λ); 1000 in DomainBed.
    decay: of the moving variances; 0.95 in DomainBed.
    share: part of the steps without penalty; 0.3 in DomainBed (1,500 of 5,000).
  """
  ops.check_shares(decay=decay, share=share)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    kernel = params["head"]["kernel"]
    zeros = jnp.zeros((batch.ds.shape[1], kernel.size + kernel.shape[1]))
    return {"net": params}, {"stats": stats, "variances": zeros}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(ops.cross_entropy(ls, batch.ys), batch.ws)
    grads = head_gradients(fs, ls, jax.nn.one_hot(batch.ys, ls.shape[1]))
    shares = batch.ds * batch.ws[:, None]
    means, parts = ops.domain_means(grads, shares)
    centred = grads - jnp.matmul(batch.ds, means, precision=jax.lax.Precision.HIGHEST)
    found, _ = ops.domain_means(centred**2, shares)
    old, there = state["variances"], parts > 0
    # The authors divide by 1 − decay, so that a slow average does not weaken the gradient.
    moved = jnp.where(there[:, None], decay * old / (1 - decay) + found, old / (1 - decay))
    penalty = spread(moved, there)
    total = label_loss + jnp.where(progress >= share, weight, 0.0) * penalty
    kept = jax.lax.stop_gradient(moved * (1 - decay))
    metrics = {"label_loss": label_loss, "penalty": penalty}
    return total, ({"stats": stats, "variances": kept}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",), sources=2)


def head_gradients(
  features: Float[Array, "b d"], logits: Float[Array, "b k"], labels: Float[Array, "b k"]
) -> Float[Array, "b e"]:
  """Gradient of each cross-entropy by a linear head's parameters.

  They are its kernel and bias: e = d·k + k.
  """
  slope = jax.nn.softmax(logits) - labels
  kernel = features[:, :, None] * slope[:, None, :]
  return jnp.concatenate([kernel.reshape(len(slope), -1), slope], axis=1)


def spread(variances: Float[Array, "s e"], there: Float[Array, " s"]) -> Float[Array, ""]:
  """Mean squared distance of the domains' variances from their mean."""
  part = there / jnp.maximum(there.sum(), 1)
  centre = part @ variances
  return part @ ((variances - centre) ** 2).mean(axis=1)
