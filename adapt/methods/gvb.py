"""GVB: bridges in generator and critic that shrink to nothing (Cui et al., 2020, arXiv:2003.13183)."""

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.methods import _bridge
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def gvb(
  net: Net,
  *,
  weight: float = 1.0,
  on_network: float = 1.0,
  on_critic: float = 1.0,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains as dann on predictions, with vanishing bridges between the domains.

      min  CE(pₛ, yₛ) + adv(R(p, λ)) + on_network · E|b| + on_critic · E|c|
      p = softmax(ℓ − b),  D = σ(s − c),  λ = weight · ramp(q)
      b, c: the bridges of network and critic;  s: the critic's score
      adv's means weigh examples by exp(−R(H(p), λ)), over a constant sum

  A bridge carries what is a domain's own: of the network in its logits, of the critic in its score.
  Sure examples count more. Each domain has its own batch-norm pass, as in the authors' code.

  Departs from the authors' code in the critic, there without batch-norm, with dropout 0.5; in the
  ramp, there over 10,000 steps whatever the run; in the rates, ten times the backbone's for all that
  is new; and in the model, there the best of all evaluations on the target's labels.

  Where re-implementations go wrong: the source's labels are learnt by the logits without the bridge,
  not by the head's own, and the same logits predict; weights are exp(−entropy), without cdan's 1; and
  the gradient goes through the probabilities that the critic sees, which cdan stops.

  Args:
    weight: final strength λ of the reversed critic gradient.
    on_network: factor of the mean size of the network's bridge (the paper's λ).
    on_critic: factor of the mean size of the critic's (the paper's μ).
    ramp: steepness with which the strength grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  critic = make_critic(width, depth, outputs=2)  # the score and its bridge

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, bridge, seen = _bridge.start(net, k_net, batch)
    entries = {"net": params, "bridge": bridge, "critic": critic.init(k_critic, seen)}
    return entries, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    (ls, bs), (lt, bt) = (_bridge.crossed(params, *o) for o in ((fs, ls), (ft, lt)))
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    logits = jnp.concatenate([ls, lt])
    seen = ops.reverse_gradient(jax.nn.softmax(logits), strength)
    score, own = critic.apply(params["critic"], seen).T
    domain_loss = _bridge.balanced(score - own, logits, len(fs), strength)
    bridge, critic_bridge = jnp.abs(jnp.concatenate([bs, bt])).mean(), jnp.abs(own).mean()
    metrics = {
      "label_loss": label_loss,
      "domain_loss": domain_loss,
      "bridge": bridge,
      "critic_bridge": critic_bridge,
    }
    total = label_loss + domain_loss + on_network * bridge + on_critic * critic_bridge
    return total, ({"stats": stats}, metrics)

  def predict(params, state, x):
    return _bridge.predict(net, params, state, x)

  return Method(init, loss, predict)
