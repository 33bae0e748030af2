"""PLUE: voted labels by their certainty, negative learning (Litrico et al., 2023, arXiv:2303.03770)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax.scipy.special import entr
from jaxtyping import Array, Int

from adapt.augment import weak_and_strong
from adapt.catalogue import Range
from adapt.losses import memory_bank, negative_learning, ops, past_labels
from adapt.losses.contrast import info_nce
from adapt.method import Batch, Method, Net, Outputs, Params, State
from adapt.methods.aad import emptied, filled
from adapt.models import nets

FAMILY = "source-free, test-time"


def plue(
  net: Net,
  *,
  weight: float = 1.0,
  contrast: float = 1.0,
  diversity: float = 1.0,
  neighbours: int = 10,
  history: int = 5,
  temperature: Annotated[float, Range(0.02, 0.5, "log")] = 0.07,
  decay: Annotated[float, Range(0.9, 0.9999)] = 0.999,
  memory: int = memory_bank.MOST,
  refreshes: int = 15,
  noise: float = 0.2,
  mirror: bool = True,
) -> Method:
  """Trains the source model on what voted labels rule out.

      min  weight · (E[c · −log(1 − pₜˢ[o])] + contrast · C − diversity · S)
      c = exp(−H(m) / log k),  m: mean p of the memory over Nᵢ, by uʷ
      C = −E log softmax(⟨uˢ, vⱼ⟩ / temperature) at v,  vⱼ: v and other keys
      S = H(p̄ₜʷ) + H(p̄ₜˢ);  o ≠ argmax m, drawn;  v: u of θ′, 2nd strong view

  Departs from the authors' code in the strong views, there MoCo's, here RandAugment; in both memories,
  there queues, the keys' random at first, here one entry per example; in refills, one an epoch there;
  in the slots of past labels, there by epoch, here by visit; in what predicts, there a vote of the
  epoch best on target labels; and in the head, there weight-normalised. Each view has a batch-norm pass.

  Where re-implementations go wrong: a key is a negative only if all past labels differ, slot by slot,
  and those begin at random; contrast looks before the batch's labels are stored; the certainty is the
  vote's, not the view's own; and the trained model both asks and remembers.

  Args:
    weight: factor of the whole loss.
    contrast: factor of the contrast in it.
    diversity: factor of both mean predictions' entropies in it.
    neighbours: that vote.
    history: past labels of each example.
    temperature: divides the cosines of the contrast.
    decay: of the average of parameters, per step.
    memory: entries at most; beyond as many target examples, several share one.
    refreshes: times in a run that the voting memory is filled anew.
    noise: deviation of noise in strong views, if not of images; of series, a part of their own.
    mirror: whether images are flipped; False for digits.
  """
  if history < 1:
    raise ValueError(f"history is {history}: choose at least 1")
  size = memory_bank.entries(net.targets, memory, neighbours, own=0)

  def init(key, batch: Batch):
    params, state = emptied(net, size)(key, batch)
    bank = {name: kept.shape[-1] for name, kept in state["memory"].items()}
    keys = memory_bank.empty(size, {"features": bank["features"]})
    k_past, examples = jax.random.fold_in(key, 1), net.targets or size
    past = past_labels.begun(k_past, examples, history, bank["predictions"])
    average = jax.tree.map(jnp.copy, params["net"])  # what is in it twice cannot be donated
    return params, {**state, "keys": keys, "past": past, "average": average}

  def loss(params, state, batch: Batch, key, progress):
    k_views, k_nets, k_other = jax.random.split(key, 3)
    views = weak_and_strong.one_and_two(k_views, batch.xt, noise, mirror, net.kind)
    (fw, lw), (fq, lq), own, stats = passes(net, params["net"], state, views, k_nets)
    votes, bank = memory_bank.voted(state["memory"], fw, neighbours), state["keys"]
    labels, k = votes.argmax(axis=1), votes.shape[1]
    certainty = jnp.exp(-entr(votes).sum(axis=1) / jnp.log(k))
    others = negative_learning.another(k_other, labels, k)
    negative_loss = (certainty * negative_learning.ruled_out(lq, others)).mean()
    apart = past_labels.never_alike(state["past"], batch.it, bank["rows"])
    contrast_loss = info_nce(memory_bank.unit(fq), own, bank["features"], apart, temperature).mean()
    spread = ops.marginal_entropy(lw) + ops.marginal_entropy(lq)
    metrics = {"negative_loss": negative_loss, "contrast_loss": contrast_loss}
    total = negative_loss + contrast * contrast_loss - diversity * spread
    state = {**state, "stats": stats, **remembered(state, batch.it, (fw, lw), own, labels)}
    return weight * total, (state, metrics)

  def after_step(params, state):
    return {**state, "average": ops.ema(state["average"], params["net"], decay)}

  made = Method(init, loss, nets.predictor(net), after_step, None, filled(net), refreshes)
  return made._replace(sized=True, reads=("target",), starts="source")


def passes(net: Net, params: Params, state: State, views: tuple, key: jax.Array) -> tuple:
  """Outputs of a weak and a strong view, the average's key, statistics."""
  keys = jax.random.split(key, 3)
  weak, stats = net.apply(params, state["stats"], views[0], True, keys[0])
  strong, stats = net.apply(params, stats, views[1], True, keys[1])
  (own, _), _ = net.apply(state["average"], stats, views[2], True, keys[2])
  return weak, strong, memory_bank.unit(own), stats


def remembered(
  state: State, rows: Int[Array, " b"], weak: Outputs, own: jax.Array, labels: jax.Array
) -> dict[str, memory_bank.Bank]:
  """All three memories, with the entries of a batch."""
  entry = {"features": memory_bank.unit(weak[0]), "predictions": jax.nn.softmax(weak[1])}
  return {
    "memory": memory_bank.remember(state["memory"], {"rows": rows, **entry}),
    "keys": memory_bank.remember(state["keys"], {"rows": rows, "features": own}),
    "past": past_labels.noted(state["past"], rows, labels),
  }
