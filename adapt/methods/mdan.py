"""MDAN: one domain critic per source domain (Zhao et al., 2018, arXiv:1705.09684)."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import Critic
from adapt.models.critic import critic as make_critic

FAMILY = "several sources"


def mdan(
  net: Net,
  *,
  weight: float = 1.0,
  soft: bool = True,
  gamma: float = 1.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains features with which per-source critics cannot tell sources from the target.

      min  Σᵢ wᵢ · rᵢ + Σᵢ advᵢ(R(f, weight · wᵢ))      sources i
      wᵢ ∝ nᵢ · exp(gamma · weight · sg(bᵢ)),  Σᵢ wᵢ = 1
      bᵢ = rᵢ − weight · advᵢ(f),  the bound;  advᵢ: of a critic of source i

  Source and target share one batch-norm pass. A source that a batch lacks has no bound. With weight the
  softmax flattens too, so that weight 0 is the pooled risk; the paper's γ is gamma · weight.

  Departs from the authors' code in the batches, pooled here and one of each source there, the critics,
  linear there, the optimiser, there Adadelta, and the softmax, there without nᵢ. Where re-implementations go
  wrong, too: the authors' code adds the critic's loss to the risk, so that the nearest sources count most,
  where the bound subtracts it and the farthest do; its hard version adds the largest risk to the smallest
  critic's loss, maybe of two sources; and a critic is trained only as much as its source counts. Here every
  critic learns at full speed, as the minimum within the bound asks for; its batch-norm sees all sources.

  Args:
    weight: factor of a critic's loss in the bound, and of its reversed gradient; 1 in the paper's
      bound, 0.01 in public code for reviews.
    soft: the softmax of the bounds; otherwise the largest alone (Algorithm 1 has both).
    gamma: sharpness of the softmax.
    width: hidden width of each critic.
    depth: hidden layers of each critic; as in dann here, 0 (linear) in public code for reviews.
  """
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    keys = jax.random.split(k_critic, batch.ds.shape[1])
    critics = jax.vmap(critic.init, in_axes=(0, None))(keys, features)
    return {"net": params, "critics": critics}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=True)
    shares = batch.ds * batch.ws[:, None]
    risks, parts = ops.domain_means(net.output.loss(ls, batch.ys), shares)

    # Twice, as how hard a critic pushes the features depends on what all critics say.
    said = functools.partial(told_apart, critic, params["critics"], fs, ft, shares)
    bounds = risks - weight * said(jnp.zeros(len(parts)))
    counts = jax.lax.stop_gradient(sharpen(parts, bounds, weight * gamma, soft))
    domain_losses = said(weight * counts)
    label_loss = counts @ risks
    metrics = {"label_loss": label_loss, "domain_loss": domain_losses.sum(), "most": counts.max()}
    return label_loss + domain_losses.sum(), ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), sources=2)


def told_apart(
  critic: Critic,
  params: Any,
  fs: Float[Array, "b d"],
  ft: Float[Array, "m d"],
  shares: Float[Array, "b s"],
  strengths: Float[Array, " s"],
) -> Float[Array, " s"]:
  """Each source's critic loss: both sides' mean losses, averaged.

  Args:
    critic: the network of each.
    params: one per source, stacked.
    fs, ft: source features [b, d] and target features [m, d].
    shares: weight of each example in each source; the critic of a source without any has no loss.
    strengths: of the reversed gradient, by source.
  """

  def one(params: Any, features: jax.Array, own: jax.Array) -> jax.Array:
    logits = critic.apply(params, features)
    source = ops.binary_cross_entropy(logits[: len(fs)], jnp.ones(len(fs)))
    target = ops.binary_cross_entropy(logits[len(fs) :], jnp.zeros(len(ft)))
    return (own.sum() > 0) * (ops.weighted_mean(source, own) + target.mean()) / 2

  # Copies: vmap over the strengths alone would add the critics' gradients up before reversing them.
  each = jnp.stack([jnp.concatenate([fs, ft])] * len(strengths))  # [s, b + m, d]
  reversed_each = ops.reverse_gradient(each, strengths[:, None, None])
  return jax.vmap(one, in_axes=(0, 0, 1))(params, reversed_each, shares)


def sharpen(
  parts: Float[Array, " s"], bounds: Float[Array, " s"], sharpness: jax.Array | float, soft: bool
) -> Float[Array, " s"]:
  """Weights of the sources: parts · exp(sharpness · bounds), normalised.

  If not soft, the largest bound alone counts, at any sharpness above 0; at 0 the parts do.
  """
  highest = jnp.max(bounds, where=parts > 0, initial=-jnp.inf)
  if not soft:
    largest = (parts > 0) & (bounds == highest)
    return jnp.where(sharpness > 0, largest / jnp.maximum(largest.sum(), 1), parts)
  grown = jnp.where(parts > 0, parts * jnp.exp(sharpness * (bounds - highest)), 0.0)
  return grown / jnp.maximum(grown.sum(), 1e-30)
