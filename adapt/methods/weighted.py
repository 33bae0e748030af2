"""Balanced loss: λ · target + (1 − λ) · source loss (Ben-David et al., Machine Learning 79, 2010)."""

from typing import Annotated

import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "baselines"


def weighted(
  net: Net, *, balance: Annotated[float, Range(0.05, 0.95)] = 0.5, ramped: bool = False
) -> Method:
  """Trains on source and labelled target examples at once, under one balance.

      min  (1 − λ) · CE(pₛ, yₛ) + λ · CE(pₜ, yₜ)      λ = balance
      ramped:  λ = balance · (2 / (1 + exp(−10 · q)) − 1)

  No authors' code is known.

  Args:
    balance: λ, the share of the target loss, from 0 (source only) to 1 (target only).
    ramped: let λ grow from 0 to `balance` along Ganin's ramp instead of keeping it fixed.
  """
  ops.check_shares(balance=balance)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    # The labelled target examples take the target's place, in one batch-norm pass with the source.
    pair = batch._replace(xt=batch.xl)
    (_, ls), (_, ll), stats = nets.both(net, params["net"], state["stats"], pair, key, joint=True)
    source_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    target_loss = net.output.loss(ll, batch.yl).mean()
    share = balance * (ops.ganin_ramp(progress) if ramped else jnp.ones(()))
    metrics = {"source_loss": source_loss, "target_loss": target_loss}
    return share * target_loss + (1 - share) * source_loss, ({"stats": stats}, metrics)

  reads, outputs = ("source", "labelled"), ("classes", "values", "pixels")
  return Method(init, loss, nets.predictor(net), reads=reads, outputs=outputs)
