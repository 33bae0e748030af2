"""AaD: attracting and dispersing predictions, no source (Yang et al., 2022, arXiv:2205.04183)."""

import jax
import jax.numpy as jnp
from jax import lax

from adapt.losses import memory_bank as queues
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "source-free, test-time"


def aad(
  net: Net,
  *,
  weight: float = 1.0,
  neighbours: int = 4,
  memory: int = 1024,
  decay: float = 0.75,
) -> Method:
  """Trains the source model on the target: alike where features are near, unlike in the batch at large.

  Only target inputs are read, and head and features both train. A memory holds unit features and
  predictions, made by the training pass; the nearest of them are an example's neighbours. The paper
  keeps one entry per target example; here the memory is a queue of the last `memory` visits.

  Where re-implementations go wrong: an example is dispersed from itself, or its own neighbour; the
  authors' kl_div of probabilities is the product of predictions, up to a constant, and "repairing" it
  into a divergence is another loss; gradients flow through both sides of the dispersion, and into
  nothing in the memory. The dispersion, which keeps everything from becoming one class, fades along
  (1 + 10 · progress)^(−decay).

  Args:
    weight: factor of the whole loss.
    neighbours: to which each prediction is attracted; 4 in the authors' Office-Home code.
    memory: entries of the queue.
    decay: how fast the dispersion fades (the paper's β, chosen there by data set).
  """
  queues.check(memory, neighbours)

  def init(key, batch: Batch):
    params, stats, features = nets.start(net, key, batch)
    (_, logits), _ = net.apply(params, stats, batch.xt[:1], train=False, key=None)
    # Without a visit there is no prediction to be attracted to.
    widths = {"features": features.shape[1], "predictions": logits.shape[1]}
    return {"net": params}, {"stats": stats, "memory": queues.empty(memory, widths)}

  def loss(params, state, batch: Batch, key, progress):
    (ft, lt), stats = net.apply(params["net"], state["stats"], batch.xt, True, key)
    p = jax.nn.softmax(lt)
    bank = state["memory"]
    unit = lax.stop_gradient(queues.unit(ft))
    near = bank["predictions"][
      queues.nearest(bank, unit, neighbours, batch.it)
    ]  # [b, neighbours, k]
    together = jnp.sum(p[:, None] * near, axis=(1, 2)).mean()
    alike = jnp.matmul(p, p.T, precision=lax.Precision.HIGHEST)  # [b, b]
    apart = (alike.sum(axis=1) - jnp.diagonal(alike)).mean()
    strength = (1.0 + 10.0 * progress) ** -decay
    bank = queues.remember(
      bank, {"rows": batch.it, "features": unit, "predictions": lax.stop_gradient(p)}
    )
    metrics = {"attraction": together, "dispersion": apart}
    total = weight * (strength * apart - together)
    return total, ({"stats": stats, "memory": bank}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("target",), starts="source")
