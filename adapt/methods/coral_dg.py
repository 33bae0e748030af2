"""CORAL between sources: equal first and second moments (Sun & Saenko, 2016, arXiv:1607.01719)."""

from adapt.losses import between_domains, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def coral_dg(net: Net, *, weight: float = 1.0) -> Method:
  """Trains features whose means and covariances agree between the sources.

      min  CE(pₛ, yₛ) + weight · (‖f̄ᵢ − f̄ⱼ‖² / d + ‖Cᵢ − Cⱼ‖² / d²)
      mean over pairs of sources i, j      C: covariance of f, divided by n − 1

  The target is not looked at. All sources share one batch-norm pass; weights of examples
  (--weights) count in the label loss alone.

  Departs from the authors' code in the domains, source and target there; what sources are compared by
  is DomainBed's: features before the classifier, means beside covariances, and means over the
  entries in the place of 1/(4d²). In DomainBed each source has a batch and a pass of its own, and
  the label loss is the mean of the sources' risks; here batches are pooled.

  Where re-implementations go wrong: without the means two clouds side by side are the same; the
  sum over pairs of sources, where their mean is meant, makes the weight grow with the sources; and a
  covariance divided by n of a source's few examples in a batch is too small.

  Args:
    weight: factor of the distance; 1 in DomainBed.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    coral_loss = between_domains.coral(fs, batch.ds)
    metrics = {"label_loss": label_loss, "coral_loss": coral_loss}
    return label_loss + weight * coral_loss, ({"stats": stats}, metrics)

  return Method(
    init, loss, nets.predictor(net), reads=("source",), sources=2, outputs=("classes", "values")
  )
