"""G-SFDA: local structure clustering under domain attention (Yang et al., 2021, arXiv:2108.01614)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import memory_bank, ops
from adapt.method import Batch, Method, Net, Outputs
from adapt.methods.aad import emptied
from adapt.models import head, nets

FAMILY = "source-free, test-time"


def gsfda(
  net: Net,
  *,
  weight: float = 1.0,
  neighbours: int = 2,
  kept: Annotated[float, Range(0.3, 0.9)] = 0.75,
  attended: Annotated[float, Range(0.5, 1.0)] = 0.75,
  memory: int = memory_bank.MOST,
) -> Method:
  """Trains free channels of the source model for predictions like neighbours'.

      min  weight · (E[Σⱼ −log⟨pᵢ, sg(pⱼ)⟩] − H(p̄ₜ)),  j ∈ Nᵢ
      ℓ = W f  of the last attended · d channels of f, the others being 0
      no gradient reaches the first kept · d channels of f and of W
      Nᵢ: of examples that are not in the batch

  Only target inputs are read. The source attends to the first feature channels, which are kept, the
  target to the last. The memory has all target examples; it is filled before the first step and
  replaced at each visit.

  Where re-implementations go wrong: the whole batch, not the example alone, is left out of the
  look-up; the agreement is the logarithm of a product of predictions, added up over neighbours; one
  attention is in the forward pass, the other on the gradients; and the head's rows are held too.

  Departs from the authors' code in the source model, there trained under both attentions, here that
  of source_only, which loses a little under the target's; in the attention, there learnt with the
  source model by default, here their fixed one; in the gradients of layers before the features, which
  come through the free channels alone, where theirs hold back the bottleneck and train a backbone's
  normalisation layers whole; and in the entropy, there with 1e-5 inside the logarithm. No layer learns
  at a rate of its own, and beyond `memory` examples some share an entry.

  Args:
    weight: factor of the whole loss.
    neighbours: whose predictions an example is to share (the paper's K); 2 for Office-Home in the
      authors' code, 10 for VisDA.
    kept: share of the channels that the source attends to, which are kept from gradients.
    attended: share of the channels that the target attends to; at 1 it loses nothing of a source model
      that was not trained under an attention.
    memory: entries at most; beyond as many target examples, several share one.
  """
  size = memory_bank.entries(net.targets, memory, neighbours)
  ops.check_shares(kept=kept, attended=attended)

  def loss(params, state, batch: Batch, key, progress):
    (ft, _), stats = net.apply(params["net"], state["stats"], batch.xt, True, key)
    source = first(ft.shape[1], kept)
    last = params["net"]["head"]
    free = {**last, "kernel": held(last["kernel"], source[:, None])}
    ft, lt = seen(free, held(ft, source), attended)
    p = jax.nn.softmax(lt)

    new = {"features": memory_bank.unit(ft), "predictions": p}
    bank = state["memory"]
    near = beyond(bank, new["features"], neighbours, batch.it)
    alike = jnp.einsum("bk,bnk->bn", p, bank["predictions"][near])
    agreement_loss = -jnp.log(jnp.maximum(alike, 1e-12)).sum(axis=1).mean()
    spread = ops.marginal_entropy(lt)
    bank = memory_bank.remember(bank, {"rows": batch.it, **new})
    metrics = {"agreement_loss": agreement_loss, "marginal_entropy": spread}
    return weight * (agreement_loss - spread), ({"stats": stats, "memory": bank}, metrics)

  def refresh(params, state, xs, ys, xt):
    del xs, ys
    features, _ = nets.outputs(net, params["net"], state["stats"], xt)
    features, logits = seen(params["net"]["head"], features, attended)
    everything = {"features": memory_bank.unit(features), "predictions": jax.nn.softmax(logits)}
    return {**state, "memory": memory_bank.fill(state["memory"], everything)}

  def predict(params, state, x):
    (features, _), _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
    return seen(params["net"]["head"], features, attended)

  init = emptied(net, size)
  return Method(
    init, loss, predict, refresh=refresh, sized=True, reads=("target",), starts="source"
  )


def first(width: int, share: jax.Array | float) -> Float[Array, " d"]:
  """Ones for the first channels, that share of them, and zeros after."""
  return (jnp.arange(width) < jnp.round(share * width)).astype(jnp.float32)


def seen(last: head.Params, features: Float[Array, "b d"], share: jax.Array | float) -> Outputs:
  """Features of the channels that the target attends to, and their logits."""
  features = features * (1 - first(features.shape[1], 1 - share))
  return features, head.logits(last, features)


def beyond(
  bank: memory_bank.Bank, features: Float[Array, "b d"], neighbours: int, rows: Int[Array, " b"]
) -> Int[Array, "b n"]:
  """The nearest entries that are none of the batch's examples."""
  here = (bank["rows"][:, None] == rows).any(axis=1)
  others = {**bank, "rows": jnp.where(here, -1, bank["rows"])}  # which come last
  return memory_bank.nearest(others, features, neighbours, rows)


def held(x: jax.Array, where: jax.Array) -> jax.Array:
  """The same values, whose gradient is 0 where `where` is 1."""
  return where * lax.stop_gradient(x) + (1 - where) * x
