"""SDAT: CDAN where the task's loss is flat (Rangwani et al., 2022, arXiv:2206.08213)."""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from adapt.losses import adversarial, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def sdat(
  net: Net,
  *,
  weight: float = 1.0,
  radius: float = 0.02,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
  passes: str = "joint",
) -> Method:
  """Trains as cdan, from where source loss is worst nearby.

  The network first climbs its source loss by `radius` (sharpness-aware minimisation); there both
  losses are taken, and their gradients move the network from where it was. The critic stays where it
  is. Source and target share one batch-norm pass, as in the authors' code.

  Departs from the authors' code in the batch statistics, which its first pass moves too; in dropout,
  drawn twice there; in the critic, there without batch-norm and with an optimiser of its own; and in
  the random projection of large products, which cdan has and this has not.

  Where re-implementations go wrong: the domain loss takes no part in the climb, or the critic's game
  is flattened and adaptation suffers; no gradient flows through the climb; and its
  length is that of all parameters together, not of each layer.

  Args:
    weight: final strength λ of the reversed critic gradient.
    radius: length of the climb (the paper's ρ); 0.02 for Office-Home, 0.005 for VisDA.
    ramp: steepness with which λ grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  joint = nets.joint(passes)
  critic = make_critic(width, depth)
  show = functools.partial(adversarial.conditioned, maps={})

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs, train=False, key=None)
    return {"net": params, "critic": critic.init(k_critic, show(features, logits))}, {
      "stats": stats
    }

  def loss(params, state, batch: Batch, key, progress):
    def run(own):
      source, target, stats = nets.both(net, own, state["stats"], batch, key, joint=joint)
      label_loss = ops.weighted_mean(net.output.loss(source[1], batch.ys), batch.ws)
      return label_loss, (source, target, stats)

    slope, _ = jax.grad(run, has_aux=True)(params["net"])
    size = jnp.sqrt(sum(jnp.sum(g**2) for g in jax.tree.leaves(slope)))
    climb = jax.tree.map(lambda g: lax.stop_gradient(radius * g / (size + 1e-12)), slope)
    label_loss, (source, target, stats) = run(jax.tree.map(jnp.add, params["net"], climb))
    strength = weight * ops.ganin_ramp(progress, ramp)
    domain_loss = adversarial.loss(
      critic, params["critic"], show, source, target, strength, entropy=False
    )
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return label_loss + domain_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
