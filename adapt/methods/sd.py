"""SD: small logits, so that no feature starves the others (Pezeshki et al., 2021, arXiv:2011.09468)."""

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def sd(net: Net, *, weight: float = 0.1) -> Method:
  """Trains on source labels and towards small logits (spectral decoupling).

      min  CE(pₛ, yₛ) + weight · E[ℓₛ²]      over examples and classes

  A feature that fits the labels first takes the gradient away from all others. With the logits'
  square in the place of weight decay, each is learnt on its own. Neither the target nor an
  example's domain is looked at, so that one source suffices.

  Departs from the authors' code in the two-class form, which halves the square of a single logit; of
  several classes this is DomainBed's form, the mean over examples and classes. Their form for
  CelebA, squared distances to a target logit of each class, is left out.

  Where re-implementations go wrong: factors of forms with a sum and with a mean over classes differ
  by the number of classes; and weight decay beside it holds the parameters back as well, where the
  paper's claim is for its place.

  Args:
    weight: factor of the logits' mean square; 0.1 in DomainBed.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    square = ops.weighted_mean((ls**2).mean(axis=1), batch.ws)
    metrics = {"label_loss": label_loss, "square": square}
    return label_loss + weight * square, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",))
