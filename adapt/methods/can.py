"""CAN: contrast between classes of clustered targets (Kang et al., 2019, arXiv:1901.00976)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import between_classes, memory_bank, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "moment matching"


def can(
  net: Net,
  *,
  weight: float = 0.3,
  radius: Annotated[float, Range(0.01, 1.0, "log")] = 0.05,
  least: int = 3,
  refreshes: int = 50,
) -> Method:
  """Trains classes of both domains towards each other, and different ones apart.

      min  CE(pₛ, yₛ) + weight · (Σ M(c, c) / k − Σ M(c, c′ ≠ c) / (k² − k))
      M(c, c′) = MMD² of fₛ of yₛ = c and fₜ of ŷₜ = c′, plus that of pₛ and pₜ
      κ(a, b) = Σₘ exp(−‖a − b‖² / (m · s)),  m ∈ {¼, ½, 1, 2, 4}
      s = sg(mean of ‖a − b‖² in the pair)      ŷₜ: spherical k-means of uₜ

  Spherical k-means, begun at the source's class centres, labels the target before the first step and
  after equal shares of the steps. What lies near its centre takes part, in classes with enough of it.
  Normalisation layers exist once per domain.

  Departs from the authors' code in the batch: theirs for the MMD has a few examples of each of some
  classes of either domain (class-aware sampling), here it is what chance brings; in the centres, there
  sums of features, here of unit features as in the paper; in the clusters, there matched to classes
  once more at the end; in the rounds, there ended once labels stay; and in the head's tenfold rate.

  Where re-implementations go wrong: sums over classes and pairs are divided by how many the *task*
  has, not the batch; each pair of classes has its own bandwidth, which the MMD within both shares; a
  cosine distance is half of 1 − cosine; and predictions neither label nor select.

  Args:
    weight: factor of the discrepancy; 0.3 in the authors' code.
    radius: distance from its centre, 0 to 1, below which an example counts; 1 there for VisDA.
    least: examples that a class needs within it.
    refreshes: times that all are labelled; at most 50 in the authors' code.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    norms, target = jax.tree.map(jnp.copy, (nets.norms_apart(params)[0], stats))
    labels = jnp.full(max(net.targets, 1), -1, jnp.int32)  # none
    state = {"stats": stats, "stats_target": target, "labels": labels}
    return {"net": params, "norms_target": norms}, state

  def of_target(params):
    return nets.joined(nets.norms_apart(params["net"])[1], params["norms_target"])

  def loss(params, state, batch: Batch, key, progress):
    k_source, k_target = jax.random.split(key)
    (fs, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, k_source)
    (ft, lt), target = net.apply(of_target(params), state["stats_target"], batch.xt, True, k_target)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    layers = (fs, ft), (jax.nn.softmax(ls), jax.nn.softmax(lt))
    yt = state["labels"][batch.it]
    pairs = [between_classes.mmd(s, t, batch.ys, yt, ls.shape[1]) for s, t in layers]
    mmd = jnp.stack(pairs).sum(axis=0)
    within, classes = jnp.trace(mmd), len(mmd)
    intra, inter = within / classes, (mmd.sum() - within) / max(classes * (classes - 1), 1)
    metrics = {"label_loss": label_loss, "intra": intra, "inter": inter, "kept": (yt >= 0).mean()}
    state = {**state, "stats": stats, "stats_target": target}
    return label_loss + weight * (intra - inter), (state, metrics)

  def refresh(params, state, xs, ys, xt):
    fs, ls = nets.outputs(net, params["net"], state["stats"], xs)
    ft, _ = nets.outputs(net, of_target(params), state["stats_target"], xt)
    centres = jax.nn.one_hot(ys, ls.shape[1]).T @ memory_bank.unit(fs)
    labels, far = clustered(memory_bank.unit(ft), centres)
    labels = jnp.where(far < radius, labels, -1)
    enough = jax.nn.one_hot(labels, len(centres)).sum(axis=0) >= least
    return {**state, "labels": jnp.where(enough[labels], labels, -1).astype(jnp.int32)}

  def predict(params, state, x):
    return net.apply(of_target(params), state["stats_target"], x, train=False, key=None)[0]

  return Method(init, loss, predict, refresh=refresh, refreshes=refreshes, sized=True)


def clustered(
  features: Float[Array, "n d"], start: Float[Array, "k d"]
) -> tuple[Int[Array, " n"], Float[Array, " n"]]:
  """Clusters of spherical k-means, and cosine distances to their centres."""

  def near(centres):
    return features @ memory_bank.unit(centres).T

  def again(now):
    old, _, turn = now
    of = jax.nn.one_hot(near(old).argmax(axis=1), len(start))
    new = jnp.where(of.any(axis=0)[:, None], of.T @ features, start)  # empty ones begin again
    cosines = (memory_bank.unit(new) * memory_bank.unit(old)).sum(axis=1)
    return new, (1 - cosines).mean() / 2, turn + 1

  def moves(now):
    return (now[1] >= 0.005) & (now[2] < 100)  # theirs; empty clusters could turn for ever

  cosines = near(lax.while_loop(moves, again, (start, jnp.float32(1), 0))[0])
  return cosines.argmax(axis=1), (1 - cosines.max(axis=1)) / 2
