"""FixMatch: sure predictions on weak views label strong ones (Sohn et al., 2020, arXiv:2001.07685)."""

from typing import Annotated

import jax
import jax.numpy as jnp

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def fixmatch(
  net: Net,
  *,
  weight: float = 1.0,
  threshold: Annotated[float, Range(0.5, 0.99)] = 0.95,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains on source labels and strong target views labelled by weak ones.

      min  CE(pₛʷ, yₛ) + weight · E[1[max pₜʷ ≥ threshold] · CE(pₜˢ, ŷₜ)]
      ŷₜ = argmax pₜʷ

  A semi-supervised method: the source is its labelled part, the target its unlabelled one. All
  views share one batch-norm pass, as in the authors' code. Vectors have no flips and crops: their
  weak view is the input itself, the strong one has Gaussian noise. Series are shifted in time, for
  the strong view also scaled, jittered and masked. Left out: the average of parameters with which
  the authors evaluate.

  Departs from the authors' code in the batch, there seven unlabelled examples for each labelled
  one, here one; in the strong views, there CTAugment and a cutout, here RandAugment; in the model
  that predicts, there an average of the parameters (decay 0.999); and in the schedule, there 7/16
  of a cosine.

  Where re-implementations go wrong: the loss is a mean over the whole batch, not over the examples
  above the threshold; labels are hard; and no gradient flows through the weak view.

  Args:
    weight: factor of the target's loss (the paper's λ_u).
    threshold: probability that a prediction needs to become a label (the paper's τ).
    noise: standard deviation of the noise in the strong view of inputs that are not images; of
      series, a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_source, k_weak, k_strong = jax.random.split(key, 4)
    weak = weak_and_strong.weak(k_weak, batch.xt, mirror, net.kind)
    strong = weak_and_strong.strong(k_strong, batch.xt, noise, mirror, net.kind)
    seen = batch._replace(
      xs=weak_and_strong.weak(k_source, batch.xs, mirror, net.kind),
      xt=jnp.concatenate([weak, strong]),
    )
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], seen, k_net, joint=True)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    lt_weak, lt_strong = jnp.split(lt, 2)
    sure = jax.nn.softmax(lt_weak).max(axis=1) >= threshold
    pseudo_loss = (ops.cross_entropy(lt_strong, lt_weak.argmax(axis=1)) * sure).mean()
    metrics = {"label_loss": label_loss, "pseudo_loss": pseudo_loss, "sure": sure.mean()}
    return label_loss + weight * pseudo_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
