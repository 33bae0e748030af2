"""MADA: one domain critic for each class (Pei et al., 2018, arXiv:1809.02176)."""

import jax
import jax.numpy as jnp
from jax import lax

from adapt.losses import adversarial, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def mada(
  net: Net,
  *,
  weight: float = 1.0,
  adversary: float = 0.3,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains features that hide the domain within each predicted class.

      min  CE(pₛ, yₛ) + adversary · Σⱼ advⱼ(sg(p[j]) · R(f, λ))
      advⱼ: the loss of class j's own critic;  λ = weight · ramp(q)

  An example matters to the critics of the classes it may be of, and modes of different classes are not
  matched. One batch-norm pass sees both domains, as in the authors' code.

  Departs from the authors' code in the critics, there without batch-norm and with dropout of 0.5; in
  their rate and that of the last layers, there ten times; and in the ramp, there over the first 10,000
  steps.

  Where re-implementations go wrong: source examples too are weighed by predictions, not by labels;
  probabilities weigh the features and not the losses, so that an example of no weight still counts in a
  critic's mean, as a point at 0; no gradient flows into them; and losses of critics are added up, not
  averaged, so that the whole grows with the classes.

  Args:
    weight: final strength λ of the reversed gradient.
    adversary: factor of each critic's loss; 0.3 in the authors' code.
    ramp: steepness with which the strength grows from 0, as in dann.
    width: hidden width of each critic; there are as many as classes.
    depth: hidden layers of each critic.
  """
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs[:1], train=False, key=None)
    keys = jax.random.split(k_critic, logits.shape[1])
    critics = jax.vmap(critic.init, in_axes=(0, None))(keys, features)
    return {"net": params, "critics": critics}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=True
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    shares = lax.stop_gradient(jax.nn.softmax(jnp.concatenate([ls, lt])))
    strength = weight * ops.ganin_ramp(progress, ramp)
    features = ops.reverse_gradient(jnp.concatenate([fs, ft]), strength)
    seen = shares.T[:, :, None] * features  # [k, 2 b, d]
    scores = jax.vmap(critic.apply)(params["critics"], seen)
    each = jax.vmap(adversarial.losses, in_axes=(0, None))(scores, len(fs)).mean(axis=1)
    domain_loss = each.sum()
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return label_loss + adversary * domain_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
