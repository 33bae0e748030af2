"""ALDA: a critic that learns how wrong pseudo-labels are (Chen et al., 2020, arXiv:2001.01046)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic

FAMILY = "adversarial"


def alda(
  net: Net,
  *,
  weight: float = 1.0,
  correction: float = 1.0,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.9,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains on target pseudo-labels corrected by a critic, which features deceive.

      min  CE(pₛ, yₛ) + CE(softmax s(sg(fₛ)), yₛ) + weight · (A − λ · B)
      A = E Σ BCE(z, y)      B = correction · E⟨pₜ, sg(zₜ)⟩ / k      λ = ramp(q)
      z: σ(s(R(f, λ))) at ŷ, equal shares of the rest elsewhere;  s: k scores
      y: yₛ; of xₜ equal shares of all but ŷₜ, where max pₜ > threshold alone

  The critic has a sigmoid for each class: how often a prediction of that class is right. So it makes
  of each prediction a corrected label z, and is to find the true label on the source, the opposite of
  the prediction on the target; the features climb both, and target predictions are to agree with z,
  which is no longer the prediction alone. Each domain has its own batch-norm pass, as in the authors'
  code. Example weights count in both cross-entropies of source labels, and not in A.

  Departs from the authors' code in the critic, there without batch-norm and with dropout of 0.5; in its
  rate, there ten times the features'; and in the ramps, there over the first 10,000 steps.

  Where re-implementations go wrong: the source's row is that of its *predicted* class, whatever the label
  says, and asks for the label; the critic also classifies the source, by a softmax over the same
  scores, and that loss reaches the critic alone; a corrected label is a constant, while the prediction
  that meets it is not a logarithm of it; that loss is a mean over classes too, the critic's a sum; and a
  batch without a sure target example has no such loss, where the authors' mean is not a number.

  Args:
    weight: factor of the adversarial and of the corrected loss; 1 in the authors' code.
    correction: final factor of the corrected loss beside it; 1 in the authors' code.
    threshold: probability above which a target prediction counts; 0.9, and 0.6 for digits.
    ramp: steepness with which the reversed gradient and the correction grow from 0.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  critic(width, depth)  # refuses a width or a depth

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs[:1], train=False, key=None)
    if logits.shape[1] < 2:
      raise ValueError("alda corrects one class by the others, and there is only one")
    judge = critic(width, depth, outputs=logits.shape[1])
    return {"net": params, "critic": judge.init(k_critic, features)}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    n, k = ls.shape
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    sure = lax.stop_gradient(jax.nn.softmax(lt).max(axis=1) > threshold).astype(lt.dtype)
    predicted = jnp.concatenate([ls, lt]).argmax(axis=1)
    own = jax.nn.one_hot(predicted, k)
    grown = ops.ganin_ramp(progress, ramp)
    both = ops.reverse_gradient(jnp.concatenate([fs, ft]), grown)
    scores = critic(width, depth, outputs=k).apply(params["critic"], both)
    labels = corrected(scores, predicted)
    wanted = jnp.concatenate([jax.nn.one_hot(batch.ys, k), (1 - own[n:]) / (k - 1)])
    losses = -(wanted * _log(labels) + (1 - wanted) * _log(1 - labels)).sum(axis=1)
    domain_loss = ops.weighted_mean(losses, jnp.concatenate([jnp.ones(n), sure]))
    agreed = (jax.nn.softmax(lt) * lax.stop_gradient(labels[n:])).mean(axis=1)
    corrected_loss = -ops.weighted_mean(agreed, sure)
    total = label_loss + weight * (domain_loss + correction * grown * corrected_loss)
    # The same scores, behind features that are constants: statistics of a batch are of both domains.
    fixed = lax.stop_gradient(jnp.concatenate([fs, ft]))
    told = critic(width, depth, outputs=k).apply(params["critic"], fixed)[:n]
    critic_loss = ops.weighted_mean(ops.cross_entropy(told, batch.ys), batch.ws)
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss, "critic_loss": critic_loss}
    metrics |= {"corrected_loss": corrected_loss, "sure": sure.mean()}
    return total + critic_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))


def corrected(scores: Float[Array, "b k"], predicted: Int[Array, " b"]) -> Float[Array, "b k"]:
  """Labels by the critic's belief in the predicted class."""
  k = scores.shape[1]
  own = jax.nn.one_hot(predicted, k)
  belief = (jax.nn.sigmoid(scores) * own).sum(axis=1, keepdims=True)
  return own * belief + (1 - own) * (1 - belief) / (k - 1)


def _log(p: jax.Array) -> jax.Array:
  return jnp.log(jnp.maximum(p, 1e-30))
