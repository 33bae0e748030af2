"""VADA: adversarial features, decision boundaries in empty regions (Shu et al., 2018, arXiv:1802.08735)."""

from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import adversarial, ops
from adapt.losses.vat import smoothness
from adapt.method import Batch, Method, Metrics, Net, Params, Phase, State
from adapt.models import nets
from adapt.models.critic import Critic
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


class Factors(NamedTuple):
  """Weights of the terms (see `vada`), and the perturbation radius."""

  weight: Any
  domain: Any
  source: Any
  target: Any
  radius: Any


def vada(
  net: Net,
  *,
  weight: float = 1.0,
  domain: float = 0.01,
  on_source: float = 1.0,
  on_target: float = 0.01,
  radius: float = 3.5,
  average: Annotated[float, Range(0.9, 0.999)] = 0.998,
  width: int = 100,
  depth: int = 1,
) -> Method:
  """Trains features that fool a critic, and sure, locally smooth predictions.

      1. critic   min  adv(f)
      2. network  min  CE(pₛ, yₛ) + weight · (domain · adv⁻ + on_source · V(xₛ)
                       + on_target · (H(pₜ) + V(xₜ)))      adv⁻: labels swapped
      V(x) = KL(sg(p(x)), p(x + r)),  r: of length radius, the worst

  Each domain has its own batch-norm pass, and the target's alone moves the running statistics, under
  which θ′ predicts, as in the authors' code. Swapped labels, not a reversed gradient, are the paper's
  appendix. Departs from the authors' code in the optimiser, there Adam (β1 = 0.5, rate 0.001); in one
  batch for both phases, where the critic's own moves the statistics too; and in the critic's input,
  there feature maps five layers up. Their network for digits, which normalises each image, is cnn_vada.

  Where re-implementations go wrong: sure predictions without smoothness put the boundary anywhere; around
  source inputs smoothness has a hundred times the weight; the radius belongs to the inputs' scale.

  Args:
    weight: factor of all terms but the source labels'; 1 in the paper.
    domain: factor of the inverted domain loss (the paper's λ_d).
    on_source: factor of the smoothness around source inputs (the paper's λ_s).
    on_target: factor of entropy and smoothness on the target (the paper's λ_t), 0.01 or 0.1.
    radius: length of perturbations; the authors' 3.5 is for 32×32 colour images in [-1, 1].
    average: decay per step of the parameters' average.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  factors = Factors(weight, domain, on_source, on_target, radius)
  return in_turn(net, make_critic(width, depth), factors, average)


def in_turn(net: Net, critic: Critic, factors: Factors, average: Any) -> Method:
  """Alternates phases of critic and network; averaged parameters predict."""

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    start = critic.init(k_critic, features)
    return {"net": params, "critic": start}, {"stats": stats, "average": params}

  def tell_apart(params, state, batch: Batch, key, progress):
    (fs, _), (ft, _), _ = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    scores = critic.apply(params["critic"], jnp.concatenate([fs, ft]))
    loss = adversarial.losses(scores, len(fs)).mean()
    return loss, (state, {"domain_loss": loss})

  def adapt(params, state, batch: Batch, key, progress):
    return adaptation(net, critic, factors, params, state, batch, key)

  def after_step(params, state):
    return {**state, "average": ops.ema(state["average"], params["net"], average)}

  def predict(params, state, x):
    return net.apply(state["average"], state["stats"], x, train=False, key=None)[0]

  return Method(init, (Phase(tell_apart, ("critic",)), Phase(adapt, ("net",))), predict, after_step)


def adaptation(
  net: Net, critic: Critic, factors: Factors, params: Params, state: State, batch: Batch, key: Any
) -> tuple[jax.Array, tuple[State, Metrics]]:
  """The network's loss: labels, inverted domains, and sure and smooth predictions."""
  k_source, k_target, k_random = jax.random.split(key, 3)
  old = state["stats"]
  (fs, ls), _ = net.apply(params["net"], old, batch.xs, True, k_source)
  (ft, lt), stats = net.apply(params["net"], old, batch.xt, True, k_target)
  label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
  entropy_loss = ops.entropy(lt).mean()
  around_source, around_target = (
    smoothness(net, params["net"], old, x, logits, keys, radius=factors.radius).mean()
    for x, logits, keys in (
      (batch.xs, ls, (k_source, k_random)),
      (batch.xt, lt, (k_target, jax.random.fold_in(k_random, 1))),
    )
  )
  scores = critic.apply(params["critic"], jnp.concatenate([fs, ft]))
  inverted = adversarial.losses(scores, len(fs), is_source=0.0).mean()
  regular = factors.domain * inverted + factors.source * around_source
  regular += factors.target * (entropy_loss + around_target)
  metrics = {"label_loss": label_loss, "entropy_loss": entropy_loss, "smoothness": around_target}
  return label_loss + factors.weight * regular, ({**state, "stats": stats}, metrics)
