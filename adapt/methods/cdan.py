"""CDAN: a domain critic on features and predictions jointly (Long et al., 2018, arXiv:1705.10667)."""

import functools

import jax

from adapt.losses import adversarial, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def cdan(
  net: Net,
  *,
  weight: float = 1.0,
  ramp: float = 10.0,
  entropy: bool = False,
  width: int = 1024,
  depth: int = 2,
  limit: int = 4096,
  samples: int = 1024,
  passes: str = "joint",
) -> Method:
  """Trains features whose products with predictions a domain critic cannot distinguish.

      min  CE(pₛ, yₛ) + adv(R(f, λ) ⊗ sg(p))      λ = weight · ramp(q)
      with entropy, adv's means are weighted:  Σ v · loss / sg(Σ v) per domain
                                               v = 1 + exp(−R(H(p), λ))

  Source and target share one batch-norm pass, as in the authors' digits code and in TLlib; the
  authors' image code gives each domain its own.

  Departs from the authors' code in the critic, there without batch-norm, with dropout 0.5 and, in
  the image code, ten times the backbone's rate; in the ramp, there over the first 10,000 steps
  whatever the run; and in the start, as the digits code trains an epoch without the critic, which
  has an optimiser of its own there.

  Where re-implementations go wrong: a gradient through the predictions of the product lets the
  classifier fool the critic instead of the features; entropy weights are to sum to the same in both
  domains, and normalised over both at once (TLlib) the source, which is surer, counts more; and
  those weights are part of what is minimised and climbed, so their gradient is reversed too, which
  TLlib leaves out.

  Args:
    weight: final strength λ of the reversed critic gradient.
    ramp: steepness with which λ grows from 0, as in dann; 10 in the paper.
    entropy: weigh examples by 1 + exp(−entropy) of their prediction (CDAN+E), or equally (CDAN).
    width: hidden width of the critic.
    depth: hidden layers of the critic.
    limit: the largest number of features · classes for which the product itself is taken, beyond
      it a random projection of it.
    samples: dimensions of that projection.
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  joint = nets.joint(passes)
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

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=joint
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    show = functools.partial(adversarial.conditioned, maps=state["maps"])
    domain_loss = adversarial.loss(
      critic, params["critic"], show, (fs, ls), (ft, lt), strength, entropy
    )
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return label_loss + domain_loss, ({**state, "stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
