"""DSBN: batch normalisation of its own for each domain (Chang et al., 2019, arXiv:1906.03950)."""

import jax
import jax.numpy as jnp
from jax import lax

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "batch statistics"


def dsbn(net: Net, *, weight: float = 1.0, ramp: float = 10.0) -> Method:
  """Trains on source labels and target pseudo-labels with separate normalisation layers.

      min  CE(pₛ, yₛ) + weight · CE(pₜ, ŷₜ)
      ŷₜ = argmax((1 − ramp(q)) · p⁰ₜ + ramp(q) · pₜ)
      pₛ, pₜ: under their domain's normalisation;  p⁰: the source model's

  Statistics, scales and shifts of normalisation layers exist once per domain, all else is common.
  The objective is the second stage of the paper, where the network's own predictions take over from
  the first stage's as training goes on. The paper's first stage is another method under DSBN (MSTN,
  CPUA); here it is the source model with the target's statistics, which this method starts from. With
  weight 0 it is AdaBN from there on, except that the target keeps scales and shifts of its own: those of
  the start, which weight decay alone moves.

  Departs from the authors' code in the first stage, as told above; in the pseudo-label loss, whose
  factor grows there as the network's own prediction takes over, and is constant here; in the
  mixture, there of logits, the network's own in evaluation mode, here of probabilities of the
  training pass; and in the optimiser, there Adam at 0.00005.

  Where re-implementations go wrong: only the statistics are separated, not the scales and shifts;
  and the source's statistics are used to predict on the target.

  Args:
    weight: factor of the pseudo-label loss; 1 in the paper.
    ramp: steepness γ with which the network's own prediction takes over; 10 in the paper's ramp.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    norms, _ = nets.norms_apart(params)
    if not norms:
      raise ValueError("dsbn needs normalisation layers that train: choose another --model")
    norms, target, first = jax.tree.map(jnp.copy, (norms, stats, {"net": params, "stats": stats}))
    return {"net": params, "norms_target": norms}, {
      "stats": stats,
      "stats_target": target,
      "first": first,
    }

  def of_target(params):
    return nets.joined(nets.norms_apart(params["net"])[1], params["norms_target"])

  def loss(params, state, batch: Batch, key, progress):
    k_source, k_target, k_first = jax.random.split(key, 3)
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, k_source)
    (_, lt), target = net.apply(of_target(params), state["stats_target"], batch.xt, True, k_target)
    first = state["first"]
    _, seen = net.apply(first["net"], first["stats"], batch.xt, True, k_first)
    (_, l_first), _ = net.apply(first["net"], seen, batch.xt, False, None)

    own = ops.ganin_ramp(progress, ramp)
    p = (1 - own) * jax.nn.softmax(l_first) + own * jax.nn.softmax(lax.stop_gradient(lt))
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    pseudo_loss = net.output.loss(lt, p.argmax(axis=-1)).mean()
    state = {"stats": stats, "stats_target": target, "first": {**first, "stats": seen}}
    metrics = {"label_loss": label_loss, "pseudo_loss": pseudo_loss}
    return label_loss + weight * pseudo_loss, (state, metrics)

  def predict(params, state, x):
    return net.apply(of_target(params), state["stats_target"], x, train=False, key=None)[0]

  return Method(init, loss, predict, starts="source", outputs=("classes", "pixels"))
