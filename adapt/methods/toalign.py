"""ToAlign: source features are aligned by what classifies them (Wei et al., 2021, arXiv:2106.10812)."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.methods import _bridge
from adapt.models import head as heads
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def toalign(
  net: Net,
  *,
  weight: float = 1.0,
  on_bridge: float = 1.0,
  entropy: bool = True,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains as dann on predictions, of the source's task-relevant features alone.

      min  CE(pₛ, yₛ) + adv(R(p, λ)) + on_bridge · E|b|    λ = weight · ramp(q)
      p = softmax(ℓ − b),  b: the bridge's logits;  in adv pₛ is that of g
      g: v · fₛ by entries, brought to length ‖fₛ‖;  v = sg(W − the bridge's)[yₛ]
      with entropy, adv's means weigh by exp(−R(H(p), λ)), over a constant sum

  The target aligns with what classifies, not with what else the source has. As in the authors' code it
  stands on HDA: a bridge, kept small, is subtracted from the logits (_bridge.py). Each domain has its
  own batch-norm pass.

  Departs from the authors' code in the bridge, a sum of three linear layers there, which is one that
  learns three times as fast; in the critic, there without batch-norm, with dropout 0.5; in a second
  pass over the source, whose features are the same but for batch statistics, which it moves again
  there; in the rates, ten times the backbone's for all that is new; and in the model, there the best
  of all evaluations on the target's labels.

  Where re-implementations go wrong: the weights are those of the head less the bridge, of the *true*
  class, and a constant for the gradient, the factor that restores the length is not; features keep
  their sign, as nothing is cut off or normalised; and the labels are learnt from whole features.

  Args:
    weight: final strength λ of the reversed critic gradient.
    on_bridge: factor of the mean size of the bridge; 1 in the authors' code.
    entropy: whether sure examples count more for the critic.
    ramp: steepness with which the strength grows from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  critic = make_critic(width, depth)

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
    own = params["net"]["head"]
    kernel = lax.stop_gradient(own["kernel"] - params["bridge"]["kernel"])
    relevant = prioritised(fs, kernel.T[batch.ys])
    lr, _ = _bridge.crossed(params, relevant, heads.logits(own, relevant))
    logits = jnp.concatenate([lr, lt])
    seen = ops.reverse_gradient(jax.nn.softmax(logits), strength)
    scores = critic.apply(params["critic"], seen)
    domain_loss = _bridge.balanced(scores, logits, len(fs), strength, entropy)
    bridge = jnp.abs(jnp.concatenate([bs, bt])).mean()
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss, "bridge": bridge}
    return label_loss + domain_loss + on_bridge * bridge, ({"stats": stats}, metrics)

  def predict(params, state, x):
    return _bridge.predict(net, params, state, x)

  return Method(init, loss, predict)


def prioritised(features: Float[Array, "b d"], weights: Float[Array, "b d"]) -> Float[Array, "b d"]:
  """Features times weights, at the features' length."""
  product = features * weights
  lengths = ops.length(features) / jnp.maximum(ops.length(product), 1e-12)
  return product * lengths[:, None]
