"""ADVENT: entropy maps that a critic cannot tell apart (Vu et al., 2019, arXiv:1811.12833)."""

import math
from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net, Phase
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def advent(
  net: Net,
  *,
  weight: float = 0.001,
  entropy_weight: Annotated[float, Range(0.0, 0.1)] = 0.0,
  width: int = 64,
  depth: int = 2,
) -> Method:
  """Trains target self-information maps to resemble the source's, or have low entropy.

      1. network  min  CE(pₛ, yₛ) + weight · E[−log D(Iₜ)]
                       + entropy_weight · E[Σ Iₜ]
      2. critic   min  adv(I)      I = −p · log p / log k, of each class

  The maps are of each pixel where pixels are predicted (the paper's I, AdvEnt); `entropy_weight` adds
  the mean entropy itself (MinEnt), which the paper trains without the critic. The critic judges each
  pixel by itself. Each domain has its own batch-norm pass.

  Departs from the authors' code in the critic, there strided convolutions that judge patches; in the
  second critic, there on a deeper layer's own predictions; in batch-norm, frozen there; and in the
  optimisers, there Adam for the critic alone.

  Where re-implementations go wrong: the critic sees the source as 1 in one step and as 0 in the next;
  and the entropy is not divided by log k, so that its factor depends on the number of classes.

  Args:
    weight: factor of the adversarial loss of the network, the paper's λ_adv.
    entropy_weight: factor of the target's mean entropy as a share of log k, the paper's λ_ent (0.001).
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, _ = nets.start(net, k_net, batch)
    (_, ls), _ = net.apply(params, stats, batch.xs, train=False, key=None)
    return {"net": params, "critic": critic.init(k_critic, maps(ls))}, {"stats": stats}

  def seen(params, state, batch: Batch, key):
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    # Both in one pass, as a batch-normalised critic has nothing to compare the target with alone.
    scores = critic.apply(params["critic"], jnp.concatenate([maps(ls), maps(lt)]))
    return ls, lt, scores, {"stats": stats}

  def segment(params, state, batch: Batch, key, progress):
    ls, lt, scores, state = seen(params, state, batch, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    fooled = scores[len(ls) :]
    adversarial_loss = ops.binary_cross_entropy(fooled, jnp.ones_like(fooled)).mean()
    entropy_loss = maps(lt).sum(axis=-1).mean()
    metrics = {
      "label_loss": label_loss,
      "adversarial_loss": adversarial_loss,
      "entropy_loss": entropy_loss,
    }
    total = label_loss + weight * adversarial_loss + entropy_weight * entropy_loss
    return total, (state, metrics)

  def tell_apart(params, state, batch: Batch, key, progress):
    ls, _, scores, _ = seen(params, state, batch, key)
    is_source = jnp.concatenate([jnp.ones(len(ls)), jnp.zeros(len(scores) - len(ls))])
    labels = jnp.broadcast_to(is_source.reshape(-1, *[1] * (scores.ndim - 1)), scores.shape)
    domain_loss = ops.binary_cross_entropy(scores, labels).mean()
    return domain_loss, (state, {"domain_loss": domain_loss})

  phases = (Phase(segment, ("net",)), Phase(tell_apart, ("critic",)))
  return Method(init, phases, nets.predictor(net), outputs=("classes", "pixels"))


def maps(logits: Float[Array, "*p k"]) -> Float[Array, "*p k"]:
  """Weighted self-information maps −p log p / log k of each class.

  Their sum is the entropy as a share of its maximum.
  """
  log_p = jax.nn.log_softmax(logits)
  return -jnp.exp(log_p) * log_p / math.log(logits.shape[-1])
