"""Group DRO: the worst source domain counts most (Sagawa et al., 2020, arXiv:1911.08731)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def group_dro(
  net: Net, *, weight: Annotated[float, Range(0.0, 1.0)] = 1.0, eta: float = 0.01
) -> Method:
  """Trains on source risks, weighted towards the domain that does worst.

      min  (1 − weight) · CE(pₛ, yₛ) + weight · Σᵢ wᵢ · rᵢ      sources i, j
      first  wᵢ ← wᵢ · exp(eta · sg(rᵢ)) / Σⱼ wⱼ · exp(eta · sg(rⱼ))

  The target is not looked at. The paper's Algorithm 1 draws one domain a step; as in the authors'
  code, a batch is drawn from the pooled sources instead and all domains in it are updated at once.
  Their group adjustments and their groups within a domain are left out. The paper shows that
  without strong regularisation, as --weight-decay, a network that fits every example loses the
  difference to pooled training.

  Departs from the authors' code in domains that a batch lacks, as told below; in the adjustments,
  as said above; and in the sampler, which draws groups equally often there on demand
  (--reweight_groups).

  Where re-implementations go wrong: a domain that a batch lacks has no risk, yet counts as one of
  risk 0, so that its weight shrinks by its rarity; here it keeps its weight, and the others share
  theirs. No gradient flows into the domains' weights.

  Args:
    weight: share of the robust risk in the loss, from 0 (pooled risk) to 1.
    eta: step size of the domains' weights; 0.01 in the authors' code.
  """
  ops.check_shares(weight=weight)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    domains = batch.ds.shape[1]
    return {"net": params}, {"stats": stats, "domains": jnp.ones(domains) / domains}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    losses = net.output.loss(ls, batch.ys)
    label_loss = ops.weighted_mean(losses, batch.ws)
    risks, parts = ops.domain_means(losses, batch.ds * batch.ws[:, None])

    there, before, told = parts > 0, state["domains"], jax.lax.stop_gradient(risks)
    grown = jnp.where(there, before * jnp.exp(eta * (told - told.max())), 0.0)
    held = grown / jnp.maximum(grown.sum(), 1e-30)  # [s], sums to 1 over the domains that are there
    robust_loss = held @ risks
    # A weight that underflowed to 0 could never grow again.
    moved = jnp.maximum(held * jnp.sum(before, where=there), 1e-30)
    after = jnp.where(there, moved, before)

    metrics = {"label_loss": label_loss, "robust_loss": robust_loss, "heaviest": after.max()}
    total = (1 - weight) * label_loss + weight * robust_loss
    return total, ({"stats": stats, "domains": after}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",), sources=2)
