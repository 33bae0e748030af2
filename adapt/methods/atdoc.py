"""ATDOC-NA: pseudo-labels from neighbours in a target memory (Liang et al., 2021, arXiv:2007.04171)."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.losses import memory_bank, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "self-training, consistency"


def atdoc(
  net: Net, *, weight: float = 0.2, neighbours: int = 5, memory: int = memory_bank.MOST
) -> Method:
  """Trains on source labels and on target pseudo-labels voted by neighbours.

      min  CE(pₛ, yₛ) + weight · q · Σᵢ vᵢ · CE(pₜᵢ, ŷᵢ) / Σᵢ vᵢ
      ŷᵢ, vᵢ = argmax, max of the memory's m, mean over Nᵢ, by ⟨fₜᵢ, uⱼ⟩
      m = p² / Σ p², of each class over the batch that p was in

  The neighbours are target examples. The memory holds their unit features and sharpened predictions,
  made in evaluation mode, one entry per target example, replaced at each visit. Each domain has its
  own batch-norm pass.

  Where re-implementations go wrong: an example is its own nearest neighbour unless it is left out;
  predictions are sharpened by squares divided by each class's sum over the batch, or the largest
  class takes over; and the weight grows linearly with progress, as early votes are noise.

  Departs from the authors' code in that an entry is made with the parameters before the step, where
  theirs takes a pass after it; examples that were not visited yet do not vote, where theirs start
  with random features and uniform votes; the source labels are not smoothed (by 0.1 there); no layer
  learns at a rate of its own (their backbone at a tenth); and beyond `memory` examples some share an
  entry.

  Args:
    weight: final factor of the pseudo-label loss (the paper's λ).
    neighbours: votes per example (the paper's m).
    memory: entries at most; beyond as many target examples, several share one.
  """
  size = memory_bank.entries(net.targets, memory, neighbours)

  def init(key, batch: Batch):
    params, stats, features = nets.start(net, key, batch)
    (_, logits), _ = net.apply(params, stats, batch.xt[:1], train=False, key=None)
    # No votes before a visit: an example without neighbours weighs nothing.
    widths = {"features": features.shape[1], "votes": logits.shape[1]}
    return {"net": params}, {"stats": stats, "memory": memory_bank.empty(size, widths)}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    labels, confidence = vote(lax.stop_gradient(ft), batch.it, state["memory"], neighbours)
    pseudo_loss = ops.weighted_mean(ops.cross_entropy(lt, labels), confidence)

    seen, _ = net.apply(params["net"], stats, batch.xt, train=False, key=None)
    new = {"rows": batch.it, **entries(*lax.stop_gradient(seen))}
    bank = memory_bank.remember(state["memory"], new)
    metrics = {"label_loss": label_loss, "pseudo_loss": pseudo_loss, "vote": confidence.mean()}
    total = label_loss + weight * progress * pseudo_loss
    return total, ({"stats": stats, "memory": bank}, metrics)

  return Method(init, loss, nets.predictor(net), sized=True)


def vote(
  ft: Float[Array, "b d"], rows: Int[Array, " b"], memory: memory_bank.Bank, neighbours: int
) -> tuple[Int[Array, " b"], Float[Array, " b"]]:
  """Labels by the nearest memory entries, and their mean votes.

  Nearness is by inner products, as in the paper.
  """
  votes = memory["votes"][memory_bank.nearest(memory, ft, neighbours, rows)].mean(axis=1)  # [b, k]
  return votes.argmax(axis=1), votes.max(axis=1)


def entries(features: Float[Array, "b d"], logits: Float[Array, "b k"]) -> memory_bank.Bank:
  """What the memory keeps of a batch: unit features and sharpened predictions."""
  p = jax.nn.softmax(logits)
  votes = p**2 / jnp.maximum((p**2).sum(axis=0), 1e-12)
  return {"features": memory_bank.unit(features), "votes": votes}
