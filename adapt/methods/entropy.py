"""Entropy minimisation: confident target predictions (Grandvalet & Bengio, NIPS 17, 2004)."""

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "target regularisers"


def entropy(net: Net, *, weight: float = 0.1) -> Method:
  """Trains on source labels and towards low-entropy target predictions.

      min  CE(pₛ, yₛ) + weight · H(pₜ)

  Each domain has its own batch-norm pass; the paper has no batch-norm.

  No authors' code is known.

  Where re-implementations go wrong: the logarithm of a probability that underflowed is NaN, so an
  epsilon is added that shifts the gradient; here it is taken of the logits. The entropy of the
  batch's *mean* prediction is something else (see information_maximisation): without it, one class
  for all is a minimum, which a large weight finds.

  Args:
    weight: factor of the mean entropy in nats (the paper's λ, chosen there by cross-validation).
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    entropy_loss = ops.entropy(lt).mean()
    metrics = {"label_loss": label_loss, "entropy_loss": entropy_loss}
    return label_loss + weight * entropy_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "pixels"))
