"""PADA: adversarial features that pass over classes the target lacks (Cao et al., 2018, arXiv:1808.04205)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "partial, open-set, universal"


def pada(
  net: Net,
  *,
  weight: float = 1.0,
  ramp: float = 10.0,
  decay: Annotated[float, Range(0.9, 0.999)] = 0.99,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains as dann, weighting source examples by predicted target class shares.

      min  Σ w · CE(pₛ, yₛ) / Σ w + adv(R(f, λ))      λ = weight · ramp(q)
      w = m[yₛ] / max m, which multiplies −log D(fₛ) in adv too
      m ← decay · m + (1 − decay) · sg(p̄ₜ),  at first 1 / k

  A class counts by its mean predicted probability on the target, in both losses. The paper takes that
  mean over all target examples every 500 steps; here it runs along, so that nothing but the batch is
  needed. Source and target share one batch-norm pass, as in the authors' code. With weight 0 the
  critic has no say, and the classes count as before.

  Departs from the authors' code in the class weights, there over their mean in the label loss and
  over the batch's largest in the critic's, renewed every 500 steps in evaluation mode; in the
  critic, there without batch-norm, with dropout 0.5; and in the ramp, there over the first 10,000
  steps whatever the run.

  Where re-implementations go wrong: a gradient through the class weights rewards predicting few
  classes; target examples count fully in the critic's loss, whatever they are predicted to be; and
  the authors' code scales by the largest weight in the batch, which the paper does by the largest of
  all classes, so that a batch of absent classes counts as much as another there.

  Args:
    weight: final strength of the reversed critic gradient.
    ramp: steepness with which that strength grows from 0, as in dann.
    decay: of the running mean of predictions per step; 0.99 remembers about 100 batches.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  ops.check_shares(decay=decay)
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs[:1], train=False, key=None)
    k = logits.shape[1]
    state = {"stats": stats, "shares": jnp.ones(k) / k}
    return {"net": params, "critic": critic.init(k_critic, features)}, state

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=True
    )
    counts = class_weights(state["shares"])[batch.ys]
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), counts * batch.ws)

    strength = weight * ops.ganin_ramp(progress, ramp)
    features = ops.reverse_gradient(jnp.concatenate([fs, ft]), strength)
    is_source = jnp.concatenate([jnp.ones(len(fs)), jnp.zeros(len(ft))])
    losses = ops.binary_cross_entropy(critic.apply(params["critic"], features), is_source)
    domain_loss = (jnp.concatenate([counts, jnp.ones(len(ft))]) * losses).mean()

    seen = lax.stop_gradient(jax.nn.softmax(lt).mean(axis=0))
    state = {"stats": stats, "shares": ops.ema(state["shares"], seen, decay)}
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss, "counted": counts.mean()}
    return label_loss + domain_loss, (state, metrics)

  return Method(init, loss, nets.predictor(net))


def class_weights(shares: Float[Array, " k"]) -> Float[Array, " k"]:
  """Weights of classes: mean target probability over the largest one."""
  return shares / shares.max()
