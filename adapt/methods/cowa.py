"""CoWA-JMDS: pseudo-labels and scores by Gaussians, mixed (Lee et al., 2022, arXiv:2206.06640)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.augment.image_ops import as_float
from adapt.catalogue import Range
from adapt.losses import memory_bank, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "source-free, test-time"


def cowa(
  net: Net,
  *,
  weight: float = 1.0,
  alpha: Annotated[float, Range(0.1, 2.0, "log")] = 0.2,
  floor: Annotated[float, Range(1e-7, 1e-3, "log")] = 1e-6,
  refreshes: int = 15,
) -> Method:
  """Trains the source model on mixtures of pseudo-labelled, weighed target examples.

      min  weight · E[(r · sᵢ + (1 − r) · sⱼ) · CE(p(x), r · ŷᵢ + (1 − r) · ŷⱼ)]
      x = r · xₜᵢ + (1 − r) · xₜⱼ,  r ~ Beta(alpha, alpha)
      ŷ = argmax g      s = p(ŷ) · (g₁ − g₂) / max(g₁ − g₂)
      g: log posteriors of a Gaussian of u per class, g₁ ≥ g₂ the largest

  Only target inputs are read. All target examples are labelled and scored before the first step, and
  after equal shares of the steps.

  Departs from the authors' code in the source model, that of source_only, where theirs has a
  bottleneck and a normalised head; in the rate, one for all layers (their backbone and head at a
  tenth); in the logarithm, there of p + 1e-6; and in VisDA's first epoch, which trains nothing there.

  Where re-implementations go wrong: the first Gaussians have means weighed by predictions and covariances
  of all alike, and their posteriors give the second ones, g; the mean is not divided by the scores.

  Args:
    weight: factor of the whole loss.
    alpha: of the Beta distribution; in the authors' scripts 0.2 for Office-Home, 2 for VisDA.
    floor: added to covariances' diagonals; where one is singular still, 100 times that (here at least 1e-4).
    refreshes: times that all are labelled, 15 or 30 there; each factors d × d matrices of all classes.
  """
  if not isinstance(alpha, jax.Array) and not alpha > 0:
    raise ValueError(f"alpha is {alpha}: choose a number above 0")

  def init(key, batch: Batch):
    ops.check_numbers(batch.xt, "cowa mixes")
    params, stats, _ = nets.start(net, key, batch)
    labels, scores = (jnp.zeros(max(net.targets, 1), kind) for kind in (jnp.int32, jnp.float32))
    return {"net": params}, {"stats": stats, "labels": labels, "scores": scores}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_share, k_pair = jax.random.split(key, 3)
    share = jax.random.beta(k_share, alpha, alpha, batch.it.shape)
    other = jax.random.permutation(k_pair, len(share))
    x, y, score = as_float(batch.xt), state["labels"][batch.it], state["scores"][batch.it]
    each = share.reshape(-1, *(1,) * (x.ndim - 1))
    mixed = each * x + (1 - each) * x[other]
    (_, lt), stats = net.apply(params["net"], state["stats"], mixed, True, k_net)
    losses = share * ops.cross_entropy(lt, y) + (1 - share) * ops.cross_entropy(lt, y[other])
    pseudo_loss = ((share * score + (1 - share) * score[other]) * losses).mean()
    metrics = {"pseudo_loss": pseudo_loss, "score": score.mean()}
    return weight * pseudo_loss, ({**state, "stats": stats}, metrics)

  def refresh(params, state, xs, ys, xt):
    del xs, ys
    features, logits = nets.outputs(net, params["net"], state["stats"], xt)
    labels, scores = scored(memory_bank.unit(features), jax.nn.softmax(logits), floor)
    return {**state, "labels": labels, "scores": scores}

  return Method(
    init,
    loss,
    nets.predictor(net),
    refresh=refresh,
    refreshes=refreshes,
    sized=True,
    reads=("target",),
    starts="source",
  )


def scored(
  features: Float[Array, "n d"], p: Float[Array, "n k"], floor: jax.Array | float
) -> tuple[Int[Array, " n"], Float[Array, " n"]]:
  """Labels of the second Gaussians, and joint scores between 0 and 1."""
  even = jnp.full_like(p, 1 / p.shape[1])
  again = jnp.exp(posteriors(features, p, even, floor))
  best, labels = lax.top_k(posteriors(features, again, again, floor), 2)
  gap = best[:, 0] - best[:, 1]
  own = jnp.take_along_axis(p, labels[:, :1], axis=1)[:, 0]
  return labels[:, 0].astype(jnp.int32), gap / jnp.maximum(gap.max(), 1e-12) * own


def posteriors(
  features: Float[Array, "n d"], parts: jax.Array, spread: jax.Array, floor: jax.Array | float
) -> Float[Array, "n k"]:
  """Log posteriors: means by `parts` [n, k], covariances by `spread` [n, k]."""
  eye, exact = jnp.eye(features.shape[1]), lax.Precision.HIGHEST

  def density(of: tuple[jax.Array, jax.Array]) -> Float[Array, " n"]:
    part, weights = of
    size = jnp.maximum(part.sum(), 1e-8)
    off = features - jnp.matmul(part, features, precision=exact) / size
    weights = weights / jnp.maximum(weights.sum(), 1e-8)
    covariance = jnp.matmul(off.T * weights, off, precision=exact) + floor * eye
    root = jnp.linalg.cholesky(covariance)
    again = jnp.linalg.cholesky(covariance + jnp.maximum(100 * floor, 1e-4) * eye)
    root = jnp.where(jnp.isfinite(root).all(), root, again)
    white = jax.scipy.linalg.solve_triangular(root, off.T, lower=True)  # [d, n]
    return jnp.log(size) - jnp.log(jnp.diagonal(root)).sum() - 0.5 * (white**2).sum(axis=0)

  return jax.nn.log_softmax(lax.map(density, (parts.T, spread.T)).T)
