"""DANCE: target features cluster, their entropy decides (Saito et al., 2020, arXiv:2002.07953)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import memory_bank, ops
from adapt.method import Batch, Method, Net, Params
from adapt.models import nets

FAMILY = "partial, open-set, universal"


def dance(
  net: Net,
  *,
  weight: float = 0.05,
  margin: Annotated[float, Range(0.05, 1.0, "log")] = 0.5,
  temperature: Annotated[float, Range(0.01, 0.5, "log")] = 0.05,
  memory: int = memory_bank.MOST,
) -> Method:
  """Clusters target examples around neighbours and prototypes, and separates unknown ones.

      min  CE(pₛ, yₛ) + weight · E[H(softmax(⟨uₜ, v⟩ / temperature)) + S]
      v: columns of W;  sg(uₜ) in the memory;  uₜ of the others in the batch
      S = −|h| where |h| > margin, else 0,  h = H(pₜ) − ½ log k
      ℓ = Wᵀu / temperature, columns of W brought to length 1 before each step

  W's columns are prototypes, v what a target example clusters around. S moves the entropy of its
  prediction away from ½ log k; above, it is "unknown", which is asked only where the task has unknown
  classes. Each domain has its own batch-norm pass. Memory entries, at first 0, change at each visit.

  Where re-implementations go wrong: a batch's older entries in the memory count for nobody in it;
  prototypes get length 1 in place, without a gradient; within the batch both sides have one.

  Departs from the authors' code in that entropies have no 1e-5 in the logarithm; prototypes have length
  1 in evaluation too; source batches are not balanced by class; no layer has a rate of its own (their
  backbone a tenth); and beyond `memory` examples some share an entry.

  Args:
    weight: factor of both target losses (the paper's λ).
    margin: entropies closer than this to the threshold, in nats, are left alone (the paper's m).
    temperature: divides the cosines (the paper's τ).
    memory: entries at most; beyond as many target examples, several share one.
  """
  size = memory_bank.entries(net.targets, memory, 1, own=0)

  def init(key, batch: Batch):
    params, stats, features = nets.start(net, key, batch)
    bank = memory_bank.empty(size, {"features": features.shape[1]})
    return {"net": params}, {"stats": stats, "memory": bank}

  def constrain(params):
    head = params["net"]["head"]
    prototypes = memory_bank.unit(head["kernel"].T).T  # [d, k], columns of length 1
    return {**params, "net": {**params["net"], "head": {**head, "kernel": prototypes}}}

  def logits(params: Params, units: jax.Array) -> jax.Array:
    return _products(units, params["net"]["head"]["kernel"].T) / temperature

  def loss(params, state, batch: Batch, key, progress):
    (fs, _), (ft, _), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(
      net.output.loss(logits(params, memory_bank.unit(fs)), batch.ys), batch.ws
    )
    units = memory_bank.unit(ft)
    lt = logits(params, units)
    near = likeness(units, batch.it, state["memory"]) / temperature
    new = {"rows": batch.it, "features": lax.stop_gradient(units)}
    bank = memory_bank.remember(state["memory"], new)
    cluster_loss = ops.entropy(jnp.concatenate([lt, near], axis=1)).mean()
    target_losses = {"cluster_loss": cluster_loss, "separation_loss": separation(lt, margin).mean()}
    total = label_loss + weight * sum(target_losses.values())
    return total, ({"stats": stats, "memory": bank}, {"label_loss": label_loss, **target_losses})

  def predict(params, state, x):
    (features, _), _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
    return features, with_unknown(logits(constrain(params), memory_bank.unit(features)))

  serves = ("closed", "partial", "open", "universal")
  return Method(init, loss, predict, constrain=constrain, sized=True, serves=serves)


def likeness(
  units: Float[Array, "b d"], rows: Int[Array, " b"], memory: memory_bank.Bank
) -> Float[Array, "b c"]:
  """Cosines of each row with m memory entries and b rows.

  They are −1 with itself and with what the memory has of the batch.
  """
  here = (memory["rows"][:, None] == rows).any(axis=1)  # [m]
  kept = jnp.where(here, -1.0, _products(units, memory["features"]))
  batch = jnp.where(rows[:, None] == rows, -1.0, _products(units, units))
  return jnp.concatenate([kept, batch], axis=1)


def separation(logits: Float[Array, "b k"], margin: jax.Array | float) -> Float[Array, " b"]:
  """Entropy separation loss (eq. 5) of the target examples.

  Minus the distance of each entropy from log(k) / 2 where it is above the margin, else 0.
  """
  away = jnp.abs(ops.entropy(logits) - jnp.log(logits.shape[1]) / 2)
  return jnp.where(away > margin, -away, 0.0)


def with_unknown(logits: Float[Array, "b k"]) -> Float[Array, "b k+1"]:
  """Adds a column that is largest where entropy exceeds log(k) / 2.

  It decides, but is no probability: calibration and entropies of such logits say little.
  """
  above = ops.entropy(logits) - jnp.log(logits.shape[1]) / 2
  return jnp.concatenate([logits, (logits.max(axis=1) + above)[:, None]], axis=1)


def _products(a: jax.Array, b: jax.Array) -> jax.Array:
  return jnp.matmul(a, b.T, precision=lax.Precision.HIGHEST)
