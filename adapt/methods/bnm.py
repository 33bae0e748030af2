"""BNM: a large nuclear norm of target predictions (Cui et al., 2020, arXiv:2003.12237)."""

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "target regularisers"


def bnm(net: Net, *, weight: float = 1.0) -> Method:
  """Trains on source labels and towards sure, diverse target predictions.

      min  CE(pₛ, yₛ) − weight · ‖P‖_* / n
      P: rows pₜ of the n in the batch      ‖P‖_*: sum of its singular values

  The nuclear norm of the batch's prediction matrix bounds its Frobenius norm (sure predictions)
  and approximates its rank (many classes). Each domain has its own batch-norm pass, as in the
  authors' code.

  Departs from the authors' code in the factor, as told below, and in the batch of 36 and the
  backbone's tenth of the rate, which are settings of a run here.

  Where re-implementations go wrong: the paper divides the norm by the batch size; the authors'
  PyTorch code takes the mean of the singular values instead, which with fewer classes k than
  examples b is b / k times as much.

  Args:
    weight: factor of −‖P‖_* / b (the paper's λ).
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    # Without the singular vectors, whose gradients would divide by differences of singular values.
    norm = jnp.linalg.svd(jax.nn.softmax(lt), compute_uv=False).sum() / len(lt)
    metrics = {"label_loss": label_loss, "nuclear_norm": norm}
    return label_loss - weight * norm, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
