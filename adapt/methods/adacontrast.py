"""AdaContrast: voted labels and contrast between classes, no source (Chen et al., 2022, arXiv:2204.10377)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Int

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import memory_bank, ops
from adapt.losses.contrast import info_nce
from adapt.method import Batch, Method, Net, Outputs, Params, State
from adapt.methods.aad import filled
from adapt.models import nets

FAMILY = "source-free, test-time"


def adacontrast(
  net: Net,
  *,
  weight: float = 1.0,
  contrast: float = 1.0,
  diversity: float = 1.0,
  neighbours: int = 10,
  temperature: Annotated[float, Range(0.02, 0.5, "log")] = 0.07,
  decay: Annotated[float, Range(0.9, 0.9999)] = 0.999,
  memory: int = memory_bank.MOST,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains the source model on labels voted by neighbours, and by contrast.

      min  weight · (CE(pₜˢ, ŷ) + contrast · C − diversity · H(p̄ₜˢ))
      ŷ = argmax of the mean p of the memory over Nᵢ, by u of the weak view
      C = −E log softmax(⟨u, vⱼ⟩ / temperature) at v,  u of pₜˢ
      v: u of θ′ and a second strong view      vⱼ: v, and keys of ŷⱼ ≠ ŷ

  Only target inputs are read. Weak views by θ′ fill the memory, whose vote labels a strong view; the
  keys of the contrast are second strong views by θ′. Each view takes a batch-norm pass of its own.

  Departs from the authors' code in the strong views, there of MoCo, here RandAugment; in the labels of
  keys, of which theirs has just replaced some, here those of the step that made the key; in both
  memories, there queues of all views, the keys' random at first, here one entry per example; in the
  rate, one for all layers (their backbone at a tenth); and in the head, there normalised.

  Where re-implementations go wrong: keys of one pseudo-label are neither negatives nor positives; an
  example's own earlier entry votes; the trained model asks and predicts; statistics are not averaged.

  Args:
    weight: factor of the whole loss.
    contrast: factor of the contrast in it.
    diversity: factor of the mean prediction's entropy in it.
    neighbours: that vote.
    temperature: divides the cosines of the contrast.
    decay: of the average of parameters, per step.
    memory: entries at most; beyond as many target examples, several share one.
    noise: standard deviation, in strong views of what is no image; of series, a part of each one's own.
    mirror: whether images are flipped; False for digits.
  """
  size = memory_bank.entries(net.targets, memory, neighbours, own=0)

  def init(key, batch: Batch):
    params, stats, features = nets.start(net, key, batch)
    (_, logits), _ = net.apply(params, stats, batch.xt[:1], train=False, key=None)
    votes = memory_bank.empty(size, {"features": features.shape[1], "predictions": logits.shape[1]})
    keys = memory_bank.empty(size, {"features": features.shape[1], "labels": 1})
    average = jax.tree.map(jnp.copy, params)  # what is in the state twice cannot be donated
    return {"net": params}, {"stats": stats, "memory": votes, "keys": keys, "average": average}

  def loss(params, state, batch: Batch, key, progress):
    k_views, k_nets = jax.random.split(key)
    views = weak_and_strong.one_and_two(k_views, batch.xt, noise, mirror, net.kind)
    asks, (ft, lt), own, slow, stats = passes(net, params["net"], state, views, k_nets)
    labels = memory_bank.voted(state["memory"], asks, neighbours).argmax(axis=1)
    bank = state["keys"]
    apart = (labels[:, None] != bank["labels"][:, 0]) & (bank["rows"] >= 0)
    contrast_loss = info_nce(memory_bank.unit(ft), own, bank["features"], apart, temperature).mean()
    pseudo_loss = ops.cross_entropy(lt, labels).mean()
    total = pseudo_loss + contrast * contrast_loss - diversity * ops.marginal_entropy(lt)
    metrics = {"pseudo_loss": pseudo_loss, "contrast_loss": contrast_loss}
    state = {**state, "stats": stats, **remembered(state, batch.it, own, labels, slow)}
    return weight * total, (state, metrics)

  def after_step(params, state):
    return {**state, "average": ops.ema(state["average"], params["net"], decay)}

  return Method(
    init,
    loss,
    nets.predictor(net),
    after_step,
    refresh=filled(net),
    sized=True,
    reads=("target",),
    starts="source",
  )


def passes(net: Net, params: Params, state: State, views: tuple, key: jax.Array) -> tuple:
  """Features, outputs of a strong view, a key, the average's outputs, statistics."""
  (weak, one, other), keys = views, jax.random.split(key, 4)
  (asks, _), stats = net.apply(params, state["stats"], weak, True, keys[0])
  strong, stats = net.apply(params, stats, one, True, keys[1])
  (own, _), _ = net.apply(state["average"], stats, other, True, keys[2])
  slow, _ = net.apply(state["average"], stats, weak, True, keys[3])
  return asks, strong, memory_bank.unit(own), slow, stats


def remembered(
  state: State, rows: Int[Array, " b"], own: jax.Array, labels: jax.Array, slow: Outputs
) -> dict[str, memory_bank.Bank]:
  """Both memories, with the entries of a batch."""
  entry = {"features": memory_bank.unit(slow[0]), "predictions": jax.nn.softmax(slow[1])}
  key = {"features": own, "labels": labels[:, None].astype(own.dtype)}
  return {
    "memory": memory_bank.remember(state["memory"], {"rows": rows, **entry}),
    "keys": memory_bank.remember(state["keys"], {"rows": rows, **key}),
  }
