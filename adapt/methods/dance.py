"""DANCE: target features cluster, their entropy decides (Saito et al., 2020, arXiv:2002.07953)."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

from adapt.catalogue import Range
from adapt.losses import memory_bank as queues
from adapt.losses import ops
from adapt.method import Batch, Method, Net, Params
from adapt.models import nets

FAMILY = "partial, open-set, universal"


def dance(
  net: Net,
  *,
  weight: float = 0.05,
  margin: Annotated[float, Range(0.05, 1.0, "log")] = 0.5,
  temperature: Annotated[float, Range(0.01, 0.5, "log")] = 0.05,
  memory: int = 1024,
) -> Method:
  """Trains target examples to be near some neighbour or class prototype, and sure or clearly not so.

  The head is read as prototypes of length 1; logits are cosines over the temperature. Clustering
  lowers the entropy of a target example's likeness to the prototypes, to a memory of target features
  and to the others of its batch. Separation moves the entropy of its prediction away from
  log(K) / 2, beyond a margin. An example is "unknown" if that entropy is above log(K) / 2, which is
  asked of it only where the task has unknown classes, as in the authors' evaluation.

  Each domain has its own batch-norm pass. The memory is a queue of the last visits, as in aad.

  Where re-implementations go wrong: an example must not find itself in its batch, nor in the memory;
  no gradient reaches the memory, but it does reach both sides within the batch; entropies within
  the margin stay without gradient, not those beyond it; and the threshold depends on the number of
  source classes, shared or not.

  Args:
    weight: factor of both target losses (the paper's λ).
    margin: entropies closer than this to the threshold, in nats, are left alone (the paper's m).
    temperature: divides the cosines (the paper's τ).
    memory: entries of the queue.
  """
  queues.check(memory, 1)

  def init(key, batch: Batch):
    params, stats, features = nets.start(net, key, batch)
    bank = queues.empty(memory, {"features": features.shape[1]})
    return {"net": params}, {"stats": stats, "memory": bank}

  def logits(params: Params, units: jax.Array) -> jax.Array:
    kernel = params["net"]["head"]["kernel"]  # [d, k]
    return _products(units, queues.unit(kernel.T)) / temperature

  def loss(params, state, batch: Batch, key, progress):
    (fs, _), (ft, _), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(
      ops.cross_entropy(logits(params, queues.unit(fs)), batch.ys), batch.ws
    )
    units = queues.unit(ft)
    lt = logits(params, units)
    near = likeness(units, batch.it, state["memory"]) / temperature
    new = {"rows": batch.it, "features": lax.stop_gradient(units)}
    bank = queues.remember(state["memory"], new)
    cluster_loss = ops.entropy(jnp.concatenate([lt, near], axis=1)).mean()
    target_losses = {"cluster_loss": cluster_loss, "separation_loss": separation(lt, margin).mean()}
    total = label_loss + weight * sum(target_losses.values())
    return total, ({"stats": stats, "memory": bank}, {"label_loss": label_loss, **target_losses})

  def predict(params, state, x):
    (features, _), _ = net.apply(params["net"], state["stats"], x, train=False, key=None)
    return features, with_unknown(logits(params, queues.unit(features)))

  return Method(init, loss, predict, serves=("closed", "partial", "open", "universal"))


def likeness(
  units: Float[Array, "b d"], rows: Int[Array, " b"], memory: queues.Queue
) -> Float[Array, "b c"]:
  """Cosines of each row with the m entries of the memory and the b rows; −1 with itself."""
  others = jnp.concatenate([memory["rows"], rows])
  cosines = jnp.concatenate([_products(units, memory["features"]), _products(units, units)], axis=1)
  return jnp.where(rows[:, None] == others, -1.0, cosines)


def separation(logits: Float[Array, "b k"], margin: jax.Array | float) -> Float[Array, " b"]:
  """Minus the distance of each entropy from log(k) / 2 where it is above the margin, else 0 (eq. 5)."""
  away = jnp.abs(ops.entropy(logits) - jnp.log(logits.shape[1]) / 2)
  return jnp.where(away > margin, -away, 0.0)


def with_unknown(logits: Float[Array, "b k"]) -> Float[Array, "b k+1"]:
  """One column more, which is the largest exactly where the entropy is above log(k) / 2.

  It decides, but is no probability: calibration and entropies of such logits say little.
  """
  above = ops.entropy(logits) - jnp.log(logits.shape[1]) / 2
  return jnp.concatenate([logits, (logits.max(axis=1) + above)[:, None]], axis=1)


def _products(a: jax.Array, b: jax.Array) -> jax.Array:
  return jnp.matmul(a, b.T, precision=lax.Precision.HIGHEST)
