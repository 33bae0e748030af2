"""M³SDA: equal moments in all sources and the target (Peng et al., 2019, arXiv:1812.01754)."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "several sources"


def m3sda(net: Net, *, weight: float = 0.5, moments: int = 2) -> Method:
  """Trains features whose moments agree between all sources and the target.

      min  CE(pₛ, yₛ) + weight · Σₐ (Eᵢ‖μᵢ − μₜ‖ + Eᵢⱼ‖μᵢ − μⱼ‖)
      μᵢ = E[fᵃ] of source i, each feature's power, and μₜ so of the target
      a = 1 … moments;  pairs i < j of sources

  The sources share one batch-norm pass and the target has its own; in the authors' code each source
  has its own. One classifier serves all sources: the paper's classifier per source, their average
  weighted by source-only accuracies, and the pairs of classifiers of its M³SDA-β (MCD within each
  source) are left out. Batches are drawn from the pooled sources, where the paper has a batch of
  each; a domain that a batch lacks has no moments to compare. Weights of examples
  (--weights) count in the label loss alone.

  Departs from the authors' code in the moments, as told below; in the classifiers, the batches and
  MCD's steps, as said above; and in the optimiser, there Adam.

  Where re-implementations go wrong: the authors' code centres features first, then takes the
  distance of the centred *batches*, row by row, for the first moment; of four sources it counts one
  pair twice and leaves one out. Here are the paper's raw moments, as in its eq. 1, each distance a
  length that is not squared and has no gradient at 0.

  Args:
    weight: factor of the moment distance (the paper's λ); 0.5 in Dassl, 0.0005 in the authors'
      digits code, which adds up five moments as above.
    moments: the highest moment; 2 in the paper.
  """
  if moments < 1:
    raise ValueError(f"moments is {moments}: choose at least 1")

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    distance = moment_distance(fs, batch.ds, ft, moments)
    metrics = {"label_loss": label_loss, "moment_distance": distance}
    return label_loss + weight * distance, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), sources=2)


def moment_distance(
  fs: Float[Array, "n d"], shares: Float[Array, "n s"], ft: Float[Array, "m d"], moments: int = 2
) -> Float[Array, ""]:
  """Moment distance of sources and target, summed over the moments.

  Each is the mean distance source to target and that between sources.

  Args:
    fs: source features [n, d].
    shares: weight of each example in each of the s sources.
    ft: target features [m, d].
    moments: the highest moment.

  Returns:
    The paper's MD², over the sources that have examples; 0 if there are none.
  """
  total = jnp.zeros(())
  for k in range(1, moments + 1):
    means, parts = ops.domain_means(fs**k, shares)  # [s, d]
    there = parts > 0
    pairs = jnp.triu(there[:, None] & there, 1)
    to_target = ops.length(means - (ft**k).mean(axis=0))
    between = ops.length(means[:, None] - means)
    for distances, counted in ((to_target, there), (between, pairs)):
      total += jnp.sum(distances, where=counted) / jnp.maximum(counted.sum(), 1)
  return total
