"""SD: small logits, so that no feature starves the others (Pezeshki et al., 2021, arXiv:2011.09468)."""

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def sd(net: Net, *, weight: float = 0.1) -> Method:
  """Trains on source labels and towards small logits (spectral decoupling).

  Once the cross-entropy is small a feature that does well stops all others from being learnt; the
  square of the logits in the place of weight decay lets each be learnt on its own. The target is not
  looked at, and nobody asks which source an example is of.

  No authors' code was read. DomainBed's is followed, whose mean is over examples *and* classes.

  Where re-implementations go wrong: the authors' two-class formula halves the square of one logit,
  so that factors of the two forms are not comparable; and weight decay beside it is another method.

  Args:
    weight: factor of the logits' mean square; 0.1 in DomainBed.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(ops.cross_entropy(ls, batch.ys), batch.ws)
    square = ops.weighted_mean((ls**2).mean(axis=1), batch.ws)
    metrics = {"label_loss": label_loss, "square": square}
    return label_loss + weight * square, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",))
