"""SDAT: CDAN at flat minima of the source's loss alone (Rangwani et al., 2022, arXiv:2206.08213)."""

import functools
from typing import Annotated

import jax

from adapt.catalogue import Range
from adapt.losses import adversarial, ops, sharpness
from adapt.method import Batch, Method, Net
from adapt.methods.mcc import class_confusion
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def sdat(
  net: Net,
  *,
  weight: float = 1.0,
  radius: Annotated[float, Range(0.001, 0.5, "log")] = 0.05,
  confusion: Annotated[float, Range(0.0, 3.0)] = 0.0,
  temperature: float = 2.0,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
  limit: int = 4096,
  samples: int = 1024,
) -> Method:
  """Trains as cdan, at the worst nearby network for the source's labels.

      min  T + adv(R(f, λ) ⊗ sg(p))  of the network at θ + sg(ε)
      T = CE(pₛ, yₛ) + confusion · C,  C: mcc's term, with temperature
      ε = radius · ∇T(θ) / ‖∇T(θ)‖,  λ = weight · ramp(q)

  The gradient of the whole loss is that of the network after a step up the task loss T. Flat minima of
  the task loss let the adversary align better, while those of the adversarial loss harm. Source and
  target share one batch-norm pass, as in the authors' code, and both passes move the running
  statistics, as there. With a radius of 0 it is cdan with mcc.

  Departs from the authors' code in the critic, which has an optimiser of its own there; in the ramp,
  there over 1,000 steps whatever the run, to 0.46 of the strength; in the backbone's tenth of the
  rate, a setting here; and in the model, there the best of all epochs on the target's labels.

  Where re-implementations go wrong: the way up is that of the task loss, not of the domain loss (SAM
  on everything is worse than none); the critic does not climb; and the length of the way up is that
  of the whole network's gradient.

  Args:
    weight: final strength λ of the reversed critic gradient.
    radius: of the way up (the paper's ρ), 0.05 in the code; in the authors' scripts 0.02 for
      Office-Home, 0.005 for VisDA.
    confusion: factor of mcc's class confusion on the target in the task loss; 1 is the paper's CDAN +
      MCC with SDAT.
    temperature: divides the target's logits in it.
    ramp: steepness with which λ grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
    limit: the largest number of features · classes without a random projection, as in cdan.
    samples: dimensions of that projection.
  """
  if samples < 1:
    raise ValueError(f"samples is {samples}: choose at least 1")
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic, k_maps = jax.random.split(key, 3)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs, train=False, key=None)
    maps = adversarial.random_maps(k_maps, features.shape[1], logits.shape[1], limit, samples)
    seen = adversarial.conditioned(features, logits, maps)
    return {"net": params, "critic": critic.init(k_critic, seen)}, {"stats": stats, "maps": maps}

  def task(params, stats, batch: Batch, key):
    source, target, stats = nets.both(net, params, stats, batch, key, joint=True)
    label_loss = ops.weighted_mean(net.output.loss(source[1], batch.ys), batch.ws)
    mixed = class_confusion(target[1] / temperature)
    return label_loss + confusion * mixed, (source, target, stats, label_loss)

  def loss(params, state, batch: Batch, key, progress):
    k_up, k_net = jax.random.split(key)
    slope, (_, _, stats, _) = jax.grad(task, has_aux=True)(
      params["net"], state["stats"], batch, k_up
    )
    worst = sharpness.climbed(params["net"], net.average(slope), radius)
    task_loss, (source, target, stats, label_loss) = task(worst, stats, batch, k_net)
    strength = weight * ops.ganin_ramp(progress, ramp)
    show = functools.partial(adversarial.conditioned, maps=state["maps"])
    domain_loss = adversarial.loss(critic, params["critic"], show, source, target, strength, False)
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return task_loss + domain_loss, ({**state, "stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
