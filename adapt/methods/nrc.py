"""NRC: predictions like those of reciprocal neighbours, no source (Yang et al., 2021, arXiv:2110.04202)."""

import jax
import jax.numpy as jnp
from jax import lax

from adapt.losses import memory_bank, ops
from adapt.method import Batch, Method, Net
from adapt.methods.aad import emptied, filled
from adapt.models import nets

FAMILY = "source-free, test-time"


def nrc(
  net: Net,
  *,
  weight: float = 1.0,
  neighbours: int = 4,
  further: int = 4,
  affinity: float = 0.1,
  memory: int = memory_bank.MOST,
) -> Method:
  """Trains the source model for predictions like those of target neighbours.

      min  −weight · (A + B + ⟨pᵢ, sg(pᵢ)⟩ + H(p̄ₜ))      i: of the batch xₜ
      A = Σⱼ aⱼ · ⟨pᵢ, pⱼ⟩,  j ∈ Nᵢ;  aⱼ = 1 where i ∈ Mⱼ, else affinity
      B = affinity · Σⱼₗ ⟨pᵢ, pₗ⟩,  l ∈ Mⱼ: the further entries nearest to j

  Reciprocal neighbours count most. Only target inputs are read, and head and features both train. A
  prediction is attracted to its neighbours', to theirs and to itself, while the mean prediction is
  spread over the classes (eq. 3, 5, 6 and 8). The memory has one entry per target example, filled
  before the first step and replaced at each visit.

  Where re-implementations go wrong: the batch enters the memory before neighbours are looked up, so
  an example is its own nearest entry unless left out; a neighbour is reciprocal if the *example* is
  among its nearest, so the lookup is by place and not by likeness; the neighbours' neighbours may
  repeat each other, and then count again; nothing flows into the memory.

  Departs from the authors' code in that an example's own prediction of this step attracts it too
  (the paper's eq. 8, which their code leaves out); an example is left out by its place, where theirs
  drops the nearest entry, whoever that is; K and M stay as they are (Office-Home's go from 3 and 2
  to 5 and 4 halfway); no layer learns at a rate of its own (their backbone at a tenth); no 1e-5 is
  in the logarithm; and beyond `memory` examples some share an entry.

  Args:
    weight: factor of the whole loss.
    neighbours: of an example (the paper's K); 3 in the authors' script for Office-Home.
    further: neighbours of each neighbour (the paper's M); 2 there.
    affinity: of neighbours that are not reciprocal, and of all the further ones (the paper's r).
    memory: entries at most; beyond as many target examples, several share one.
  """
  size = memory_bank.entries(net.targets, memory, max(neighbours, further))
  memory_bank.entries(net.targets, memory, min(neighbours, further))

  def loss(params, state, batch: Batch, key, progress):
    (ft, lt), stats = net.apply(params["net"], state["stats"], batch.xt, True, key)
    p = jax.nn.softmax(lt)
    new = lax.stop_gradient({"features": memory_bank.unit(ft), "predictions": p})
    bank = memory_bank.remember(state["memory"], {"rows": batch.it, **new})
    near = memory_bank.nearest(bank, new["features"], neighbours, batch.it)  # [b, K]
    flat = near.ravel()
    beyond = memory_bank.nearest(bank, bank["features"][flat], further, bank["rows"][flat])
    beyond = beyond.reshape(*near.shape, further)  # [b, K, M]

    reciprocal = (bank["rows"][beyond] == batch.it[:, None, None]).any(axis=2)
    share = jnp.where(reciprocal, 1.0, affinity)
    alike = jnp.einsum("bk,bnk->bn", p, bank["predictions"][near])
    alike_beyond = jnp.einsum("bk,bnmk->b", p, bank["predictions"][beyond])
    attraction = (share * alike).sum(axis=1).mean()
    further_attraction = affinity * alike_beyond.mean()
    itself = (p * new["predictions"]).sum(axis=1).mean()
    total = -attraction - further_attraction - itself - ops.marginal_entropy(lt)
    metrics = {"attraction": attraction, "further_attraction": further_attraction}
    return weight * total, ({"stats": stats, "memory": bank}, metrics)

  return Method(
    emptied(net, size),
    loss,
    nets.predictor(net),
    refresh=filled(net),
    sized=True,
    reads=("target",),
    starts="source",
  )
