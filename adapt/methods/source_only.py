"""Source only: empirical risk on the labelled source, every table's lower baseline (Vapnik, 1992)."""

import jax

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "baselines"


def source_only(net: Net) -> Method:
  """Trains on the labelled source alone; the target is not looked at.

      min  CE(pₛ, yₛ)

  No authors' code is followed: peers' baselines differ in network and settings alone.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key: jax.Array, progress):
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    return label_loss, ({"stats": stats}, {"label_loss": label_loss})

  served = ("closed", "partial", "open", "universal")  # it never says "unknown"
  return Method(
    init,
    loss,
    nets.predictor(net),
    reads=("source",),
    serves=served,
    by_example=True,
    outputs=("classes", "values", "pixels"),
  )
