"""Pseudo-Label: the target's predicted classes as labels (Lee, ICML Workshop on Challenges, 2013)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def pseudo_label(
  net: Net,
  *,
  weight: float = 3.0,
  begin: Annotated[float, Range(0.0, 0.4)] = 0.1,
  full: Annotated[float, Range(0.5, 1.0)] = 0.6,
  threshold: Annotated[float, Range(0.0, 0.95)] = 0.0,
) -> Method:
  """Trains on source labels and, increasingly, on its own target predictions.

      min  CE(pₛ, yₛ) + λ · E[1[max pₜ ≥ threshold] · CE(pₜ, ŷₜ)]
      λ = weight · (q − begin) / (full − begin), at least 0, at most weight

  λ is the paper's eq. 16, whose epochs 100 and 600 are taken as shares of 1,000. Predictions are those
  of the training pass, anew at each step. Each domain has its own batch-norm pass; the paper has no
  batch-norm.

  No authors' code is known.

  Where re-implementations go wrong: without the ramp the network believes its first, random
  predictions; and the mean is taken over the examples above the threshold instead of over the
  batch, so that a few sure ones count as much as all of them would.

  Args:
    weight: final factor of the pseudo-label loss (the paper's α_f).
    begin: progress at which the weight leaves 0.
    full: progress from which it is whole.
    threshold: probability that a prediction needs to count; 0, as in the paper, takes all.
  """
  if not isinstance(begin, jax.Array) and not isinstance(full, jax.Array) and begin >= full:
    raise ValueError(f"the weight grows from {begin} to {full}: choose begin below full")

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    sure = jax.nn.softmax(lt).max(axis=1) >= threshold
    pseudo_loss = (ops.cross_entropy(lt, lt.argmax(axis=1)) * sure).mean()
    strength = weight * jnp.clip((progress - begin) / (full - begin), 0.0, 1.0)
    metrics = {"label_loss": label_loss, "pseudo_loss": pseudo_loss, "sure": sure.mean()}
    return label_loss + strength * pseudo_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
