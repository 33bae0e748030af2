"""Fine-tuning of the source model on labelled target examples (Girshick et al., 2014, arXiv:1311.2524)."""

import jax

from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "baselines"


def fine_tune(net: Net) -> Method:
  """Trains the source model on with the labelled target examples.

      min  CE(pₜ, yₜ)      of labelled target examples, from θ = θ⁰

  The source model is that of the same seed. No authors' code is followed: the paper's is for
  detection.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key: jax.Array, progress):
    (_, ll), stats = net.apply(params["net"], state["stats"], batch.xl, True, key)
    label_loss = net.output.loss(ll, batch.yl).mean()
    return label_loss, ({"stats": stats}, {"label_loss": label_loss})

  return Method(
    init,
    loss,
    nets.predictor(net),
    reads=("labelled",),
    starts="source",
    by_example=True,
    outputs=("classes", "values", "pixels"),
  )
