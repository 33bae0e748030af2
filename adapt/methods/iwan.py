"""IWAN: adapts to the source examples that look like the target (Zhang et al., 2018, arXiv:1803.09210)."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Metrics, Net, Params
from adapt.models import head, nets
from adapt.models.critic import Critic
from adapt.models.critic import critic as make_critic

FAMILY = "partial, open-set, universal"


def iwan(
  net: Net,
  *,
  weight: float = 0.1,
  ramp: float = 1.0,
  entropy_weight: float = 0.1,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains a target encoder towards source examples that look like target.

      min  adv₁(sg(f)) + ½ E[−w · log D₂(fₛ)] + ½ E[−log(1 − D₂(R(fₜ, λ)))]
           + λ · entropy_weight · H(pₜ)      λ = weight · ramp(q)
      w ∝ sg(1 − D₁(fₛ));  adv₁: the loss of D₁
      fₛ and the head: the source model's, which stay

  It is a copy of the source model's. What a first critic surely takes for source is probably of a class
  that the target lacks; a second critic is the adversary, on the weighted source. The target encoder
  alone moves, and predicts with the source model's classifier. No label is read. The source encoder
  runs in evaluation mode, the target's in training mode on the target alone; with weight 0 only its
  batch statistics move.

  Departs from the authors' code in the critics, there with dropout of 0.5 instead of batch-norm; in
  the source encoder, whose own dropout goes on there; in the rates, there tenfold for critics and
  bottleneck; and in the ramp, there over the first 10,000 of 50,000 steps.

  Where re-implementations go wrong: the first critic must not move the features, nor the second learn
  the weights; TLlib shares one encoder between the domains and trains it on the source's labels too,
  which is another method. At ramp 1 the strength ends at 0.46 · weight, and the entropy's factor at
  0.46 · weight · entropy_weight, as in the authors' code: weight alone is only the bound.

  Args:
    weight: bound on the strength of all that moves the target encoder (the paper's u), 0.1 there.
    ramp: steepness with which that strength grows from 0 (the paper's α); 1 ends at 0.46 of the bound.
    entropy_weight: of target predictions, in nats, times that strength (the paper's γ); 0.1 there.
    width: hidden width of both critics.
    depth: hidden layers of both critics.
  """
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_weigher, k_critic = jax.random.split(key, 3)
    params, stats, features = nets.start(net, k_net, batch)
    body, classifier = head.split(params)
    frozen = {"body": body, "head": classifier, "stats": stats}
    critics = {
      "weigher": critic.init(k_weigher, features),
      "critic": critic.init(k_critic, features),
    }
    return {"net": body, **critics}, {"stats": stats, "source": frozen}

  def encoder(body: Any, state: Any) -> dict[str, Any]:
    return {**body, "head": state["source"]["head"]}

  def loss(params, state, batch: Batch, key, progress):
    source, strength = state["source"], weight * ops.ganin_ramp(progress, ramp)
    (fs, _), _ = net.apply(encoder(source["body"], state), source["stats"], batch.xs, False, None)
    (ft, lt), stats = net.apply(encoder(params["net"], state), state["stats"], batch.xt, True, key)
    metrics = critic_losses(critic, params, fs, ft, batch.ws, strength)
    metrics["entropy_loss"] = ops.entropy(lt).mean()
    total = metrics["weigher_loss"] + metrics["domain_loss"]
    total += strength * entropy_weight * metrics["entropy_loss"]
    return total, ({**state, "stats": stats}, metrics)

  def predict(params, state, x):
    outputs, _ = net.apply(encoder(params["net"], state), state["stats"], x, False, None)
    return outputs

  return Method(init, loss, predict, starts="source")


def critic_losses(
  critic: Critic,
  params: Params,
  fs: Float[Array, "b d"],
  ft: Float[Array, "c d"],
  ws: Float[Array, " b"],
  strength: jax.Array | float,
) -> Metrics:
  """Losses of the weighing critic and of the adversary.

  The first weighs the source; the target climbs the second.
  """
  is_source = jnp.concatenate([jnp.ones(len(fs)), jnp.zeros(len(ft))])
  seen = lax.stop_gradient(jnp.concatenate([fs, ft]))
  guessed = critic.apply(params["weigher"], seen)
  features = jnp.concatenate([fs, ops.reverse_gradient(ft, strength)])
  losses = ops.binary_cross_entropy(critic.apply(params["critic"], features), is_source)
  on_source = ops.weighted_mean(losses[: len(fs)], source_weights(guessed[: len(fs)]) * ws)
  return {
    "weigher_loss": ops.binary_cross_entropy(guessed, is_source).mean(),
    "domain_loss": (on_source + losses[len(fs) :].mean()) / 2,
  }


def source_weights(logits: Float[Array, " b"]) -> Float[Array, " b"]:
  """Weights of source examples: the probability of target, over its mean.

  They are constants.
  """
  taken = jax.nn.sigmoid(-lax.stop_gradient(logits))
  return taken / jnp.maximum(taken.mean(), 1e-12)
