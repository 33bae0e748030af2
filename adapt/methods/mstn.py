"""MSTN: class centroids that follow both domains (Xie et al., 2018, PMLR 80:5423–5432)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import adversarial, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def mstn(
  net: Net,
  *,
  weight: float = 1.0,
  adversary: float = 0.1,
  decay: Annotated[float, Range(0.1, 0.9)] = 0.7,
  ramp: float = 10.0,
  width: int = 1024,
  depth: int = 2,
) -> Method:
  """Trains as dann, and moving class centroids towards each other.

      min  CE(pₛ, yₛ) + 2 · adversary · adv(R(f, λ)) + λ · E[(cₛ − cₜ)²]
      cₛ ← decay · sg(cₛ) + (1 − decay) · mean of fₛ in each class yₛ
      cₜ so of fₜ by ŷₜ;  E over classes and features;  λ = weight · ramp(q)

  A centroid is a moving average over steps, which wrong pseudo-labels of a batch move only a little.
  Target classes are as predicted. Each domain has its own batch-norm pass, as in the authors' code.

  Departs from the authors' code in what is aligned, there logits for digits and a bottleneck of 256
  units else, here the features; in absent classes, whose centroids move towards 0 there and stay
  here; in the critic, there without batch-norm and on Office with dropout of 0.5; and in the rates, there
  a tenth for pretrained layers and twice as large for biases.

  Where re-implementations go wrong: only the part that a batch adds to a centroid has a gradient, so
  that the loss is to be as strong as its moving average is slow; the mean is over classes *and*
  features; and both losses share the ramp, but the critic itself learns at full speed.

  Args:
    weight: final factor of the distance of centroids, and strength λ of the reversed gradient.
    adversary: factor of the domain loss; 0.1 in the authors' code.
    decay: of the moving centroids; 0.7 in the authors' code.
    ramp: steepness with which both grow from 0, as in dann.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  ops.check_shares(decay=decay)
  critic = make_critic(width, depth)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    (_, logits), _ = net.apply(params, stats, batch.xs, train=False, key=None)
    centroids = jnp.zeros((2, logits.shape[1], features.shape[1]))  # source, target
    state = {"stats": stats, "centroids": centroids}
    return {"net": params, "critic": critic.init(k_critic, features)}, state

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    both = jnp.concatenate([fs, ft])
    scores = critic.apply(params["critic"], ops.reverse_gradient(both, strength))
    domain_loss = 2 * adversarial.losses(scores, len(fs)).mean()  # the sum of both domains' means
    found = zip(state["centroids"], (fs, ft), (batch.ys, lt.argmax(1)), strict=True)
    source, target = (moved(old, f, y, decay) for old, f, y in found)
    semantic_loss = ((source - target) ** 2).mean()
    total = label_loss + strength * semantic_loss + adversary * domain_loss
    centroids = jax.lax.stop_gradient(jnp.stack([source, target]))
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss, "semantic_loss": semantic_loss}
    return total, ({"stats": stats, "centroids": centroids}, metrics)

  return Method(init, loss, nets.predictor(net))


def moved(
  old: Float[Array, "k d"],
  features: Float[Array, "b d"],
  classes: Int[Array, " b"],
  decay: jax.Array | float,
) -> Float[Array, "k d"]:
  """Centroids after a batch; those of classes that it lacks stay."""
  of = jax.nn.one_hot(classes, len(old), dtype=features.dtype)
  count = of.sum(0)[:, None]
  new = jnp.matmul(of.T, features, precision=jax.lax.Precision.HIGHEST) / jnp.maximum(count, 1)
  return jnp.where(count > 0, decay * old + (1 - decay) * new, old)
