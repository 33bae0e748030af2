"""AdaMatch: FixMatch between domains (Berthelot et al., 2022, arXiv:2106.04732)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def adamatch(
  net: Net,
  *,
  weight: float = 1.0,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.9,
  decay: Annotated[float, Range(0.9, 0.999)] = 0.99,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains on two source views and on distribution-aligned target pseudo-labels.

      min  ½ CE(pₛʷ, yₛ) + ½ CE(pₛˢ, yₛ) + λ · E[1[max p̃ ≥ c] · CE(pₜˢ, ŷ)]
      p̃ = pₜʷ · mₛ / mₜ, of sum 1,  m: running means of pʷ      ŷ = argmax p̃
      c = threshold · E max pₛʷ      λ = weight · (1 − cos(π · min(1, 2q))) / 2
      ℓₛ = r · (ℓ beside the target) + (1 − r) · (ℓ alone),  r ~ U(0, 1) of each

  The source runs through the network twice: with the target in one batch-norm pass, and alone. Only
  the first pass moves the running statistics. Vectors, series: as in fixmatch. Left out: the average
  of parameters with which the authors evaluate. Class shares are running averages in both domains;
  the authors take the last 128 batches for the target.

  Departs from the authors' code in the batch, there three target examples for each source one, here
  as many; in the strong views, there CTAugment, learnt on the way, here RandAugment; in the model
  that predicts, there an average of the parameters (decay 0.999); in the target's class shares, as
  said above; and in the optimiser, there momentum with a cosine rate and weight decay on kernels
  alone.

  Where re-implementations go wrong: mixtures are drawn per logit, not per batch, and gradients flow
  through both passes; the confidence is the source's *predicted* one, on the weak views after the
  mixture; labels, shares and threshold are constants for the gradient.

  Args:
    weight: final factor of the target's loss; it grows along half a cosine over half the training.
    threshold: share of the source's mean confidence that a label needs (the paper's τ).
    decay: of the running class shares, per step.
    noise: standard deviation of the noise in the strong view of inputs that are not images; of
      series, a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    (_, logits), _ = net.apply(params, stats, batch.xt[:1], train=False, key=None)
    even = jnp.full(logits.shape[1], 1.0 / logits.shape[1], jnp.float32)
    return {"net": params}, {"stats": stats, "shares": {"source": even, "target": even + 0.0}}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_alone, k_mix, k_views = jax.random.split(key, 4)
    xs = pair(jax.random.fold_in(k_views, 0), batch.xs, noise, mirror, net.kind)
    seen = batch._replace(xs=xs, xt=pair(k_views, batch.xt, noise, mirror, net.kind))
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], seen, k_net, joint=True)
    (_, alone), _ = net.apply(params["net"], state["stats"], xs, True, k_alone)
    ls = ls + (alone - ls) * jax.random.uniform(k_mix, ls.shape)
    ls_weak, ls_strong = jnp.split(ls, 2)
    lt_weak, lt_strong = jnp.split(lt, 2)

    ps, pt = lax.stop_gradient((jax.nn.softmax(ls_weak), jax.nn.softmax(lt_weak)))
    means = {"source": ps.mean(axis=0), "target": pt.mean(axis=0)}
    shares = ops.ema(state["shares"], means, decay)
    pt = aligned(pt, shares["source"], shares["target"])
    sure = pt.max(axis=1) >= threshold * ps.max(axis=1).mean()
    both = net.output.loss(ls_weak, batch.ys) + net.output.loss(ls_strong, batch.ys)
    label_loss = ops.weighted_mean(both / 2, batch.ws)
    pseudo_loss = (ops.cross_entropy(lt_strong, pt.argmax(axis=1)) * sure).mean()
    strength = weight * (1 - jnp.cos(jnp.pi * jnp.minimum(2 * progress, 1.0))) / 2
    metrics = {"label_loss": label_loss, "pseudo_loss": pseudo_loss, "sure": sure.mean()}
    state = {"stats": stats, "shares": shares}
    return label_loss + strength * pseudo_loss, (state, metrics)

  return Method(init, loss, nets.predictor(net))


def pair(
  key: jax.Array, x: jax.Array, noise: jax.Array | float, mirror: bool, kind: str = ""
) -> jax.Array:
  """Weak views of the inputs [b, ...], then strong ones: [2b, ...]."""
  k_weak, k_strong = jax.random.split(key)
  return jnp.concatenate(
    [
      weak_and_strong.weak(k_weak, x, mirror, kind),
      weak_and_strong.strong(k_strong, x, noise, mirror, kind),
    ]
  )


def aligned(
  p: Float[Array, "b k"], wanted: Float[Array, " k"], present: Float[Array, " k"]
) -> Float[Array, "b k"]:
  """Scales each class's predictions to its wanted share, and normalises.

  The scale is from the present share.
  """
  scaled = p * (1e-6 + wanted) / (1e-6 + present)
  return scaled / scaled.sum(axis=1, keepdims=True)
