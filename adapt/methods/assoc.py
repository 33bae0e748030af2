"""Associative domain adaptation: walks to the target and back (Haeusser et al., 2017, arXiv:1708.00938)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def assoc(
  net: Net,
  *,
  weight: float = 0.1,
  visit: float = 0.1,
  delay: Annotated[float, Range(0.0, 0.5)] = 0.3,
) -> Method:
  """Trains features whose walks to the target come back to their class.

      min  CE(pₛ, yₛ) + λ · (CE(A B, T) + visit · CE(Ā, uniform))
      A = softmaxⱼ ⟨fₛᵢ, fₜⱼ⟩,  B = softmaxᵢ ⟨fₜⱼ, fₛᵢ⟩,  Ā: mean over i
      T: equal shares of all of the same yₛ      λ = weight if q ≥ delay, else 0

  A walk goes from a source example to a target one (A) and back to the source (B). It is to end in
  its own class, and walks together are to visit every target example. Each domain has its own
  batch-norm pass, as in the authors' code.

  Departs from the authors' code in the batch, there 1,000 of the target and as many of the source,
  equally many of each class; in the features, there of a linear layer of 128 units; in the
  optimiser, there Adam at 1e-4, which falls to a third after 9,000 steps; in the weight, there 1; and
  in the delay, there 500 of 12,000 steps for MNIST to MNIST-M and none for signs.

  Inner products of wide rectified features are large. With a weight of 1 under SGD at the digits'
  rate of 0.1 a LeNet stays at chance on its own source; the defaults are those at which it learns.

  Where re-implementations go wrong: the way back is a softmax over the *source* for each target
  example, not the transpose of the way there; the visit loss is the cross-entropy of the *mean*
  probability of a visit, not the mean of cross-entropies; and a large visit loss harms where the
  target's classes are unbalanced.

  Args:
    weight: factor of both losses, 1 in the authors' code.
    visit: factor of the visit loss in them; in the authors' code 0.6 for MNIST to MNIST-M, 0.1 for
      synthetic signs to GTSRB.
    delay: share of training without either, so that features are of some use first.
  """
  ops.check_shares(delay=delay)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    walker_loss, visit_loss = association(fs, ft, batch.ys)
    strength = jnp.where(progress >= delay, weight, 0.0)
    total = label_loss + strength * (walker_loss + visit * visit_loss)
    metrics = {"label_loss": label_loss, "walker_loss": walker_loss, "visit_loss": visit_loss}
    return total, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), serves=("closed",))


def association(
  fs: Float[Array, "n d"], ft: Float[Array, "m d"], ys: Int[Array, " n"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
  """Walker and visit loss, in nats."""
  likeness = jnp.matmul(fs, ft.T, precision=jax.lax.Precision.HIGHEST)
  there = jax.nn.log_softmax(likeness, axis=1)  # [n, m]
  back = jax.nn.log_softmax(likeness.T, axis=1)  # [m, n]
  # In logarithms: a walk that hardly ever ends in its class would have no gradient.
  ends = jax.nn.logsumexp(there[:, :, None] + back[None], axis=1)  # [n, n]
  same = (ys[:, None] == ys).astype(ends.dtype)
  walker = -((same / same.sum(1, keepdims=True)) * ends).sum(1).mean()
  visits = jax.nn.logsumexp(there, axis=0) - jnp.log(len(fs))  # [m]
  return walker, -visits.mean()
