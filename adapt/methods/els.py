"""ELS: a domain critic with smoothed domain labels (Zhang et al., 2023, arXiv:2302.00194)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.catalogue import Range
from adapt.losses import adversarial, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def els(
  net: Net,
  *,
  weight: float = 1.0,
  smoothing: Annotated[float, Range(0.0, 0.45)] = 0.1,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains as dann, with smoothed domain labels.

      min  CE(pₛ, yₛ) + ½ BCE(D(gₛ), 1 − smoothing) + ½ BCE(D(gₜ), smoothing)
      g = R(f, λ),  λ = weight · ramp(q)

  A critic of certain labels soon tells well-separated domains apart without error, and its gradient
  vanishes; a smoothed one keeps a slope. Source and target share one batch-norm pass, as in dann.

  Departs from the authors' code in the critic, there without batch-norm on features, and with CDAN's
  products and MCC or SDAT beside it; and in the smoothing, of which the code tries eight values from
  0.05 to 0.5 and keeps the best on the target's labels.

  Where re-implementations go wrong: with two domains a label is 1 − smoothing for its own and
  smoothing for the other, not 1 − smoothing and 0; at 0.5 nothing is left to learn; and both
  players' loss is smoothed, since one minimisation serves both.

  Args:
    weight: final strength λ of the reversed critic gradient.
    smoothing: label of the domain that an example is not of, below 0.5 (the paper's 1 − γ).
    ramp: steepness with which λ grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  if not isinstance(smoothing, jax.Array) and not 0 <= smoothing < 0.5:
    raise ValueError(f"smoothing is {smoothing}: choose 0 to less than 0.5")
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    return {"net": params, "critic": critic.init(k_critic, features)}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=True)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    features = ops.reverse_gradient(jnp.concatenate([fs, ft]), strength)
    scores = critic.apply(params["critic"], features)
    domain_loss = adversarial.losses(scores, len(fs), 1 - smoothing).mean()
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return label_loss + domain_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values"))
