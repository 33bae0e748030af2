"""DANN: domain-adversarial features (Ganin et al., 2016, arXiv:1505.07818)."""

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def dann(
  net: Net,
  *,
  weight: float = 1.0,
  ramp: float = 10.0,
  scale_loss: bool = False,
  width: int = 1024,
  depth: int = 2,
  passes: str = "joint",
) -> Method:
  """Trains features that a domain critic cannot tell apart.

      min  CE(pₛ, yₛ) + adv(R(f, λ))      λ = weight · ramp(q)
      with scale_loss:  CE(pₛ, yₛ) + λ · adv(R(f, 1))

  λ reaches the reversed gradient only, as in the paper's §5.2.2, so that the critic learns at
  full speed from the first step. Some re-implementations scale the whole domain loss instead, which
  slows the critic too: `scale_loss`.

  The paper's eq. 9 adds the two domains' means of the critic's loss; adv is their mean, as in the
  authors' Caffe code and TLlib. So `weight` is twice the paper's λ, and the critic's steps are half.

  Departs from the authors' code in the critic's batch-norm, which keeps it in step with moving
  features, where their code for Office has dropout of 0.5, a tenth of the loss and ten times the rate.
  The shallow code of the paper's §5.1 has one sigmoid layer and a linear critic (`depth` 0) that
  starts at 0, a constant λ, which scales the critic's own steps too (`scale_loss`), single examples
  and no momentum. None has batch-norm, so that either pass is a choice of ours, the joint one as in
  TLlib.

  Args:
    weight: final strength λ of the reversed critic gradient; twice the λ of the paper's sum.
    ramp: steepness γ with which λ grows from 0; 10 in the paper. TLlib's default, which counts
      iterations, comes to steps / 1000.
    scale_loss: λ scales the domain loss, critic and features alike, instead of the reversed gradient.
    width: hidden width of the critic.
    depth: hidden layers of the critic; 0 is the linear critic of the paper's §5.1.
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  joint = nets.joint(passes)
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    return {"net": params, "critic": critic.init(k_critic, features)}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=joint
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)

    # One minimisation serves both players: the critic descends its loss, the
    # features climb it, because the gradient changes sign between them.
    strength = weight * ops.ganin_ramp(progress, ramp)
    reversal, scale = (1.0, strength) if scale_loss else (strength, 1.0)
    features = ops.reverse_gradient(jnp.concatenate([fs, ft]), reversal)
    is_source = jnp.concatenate([jnp.ones(len(fs)), jnp.zeros(len(ft))])
    domain_loss = ops.binary_cross_entropy(critic.apply(params["critic"], features), is_source)

    metrics = {"label_loss": label_loss, "domain_loss": domain_loss.mean()}
    return label_loss + scale * domain_loss.mean(), ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values", "pixels"))
