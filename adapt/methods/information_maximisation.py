"""Information maximisation: confident, diverse target predictions (Shi & Sha, ICML 2012, arXiv:1206.6438)."""

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "target regularisers"


def information_maximisation(net: Net, *, weight: float = 1.0, diversity: float = 1.0) -> Method:
  """Trains on source labels and towards informative target predictions.

      min  CE(pₛ, yₛ) + weight · (H(pₜ) − diversity · H(p̄ₜ))

  Maximises the mutual information of input and prediction on the target: each prediction sure, all
  of them together spread over the classes. SHOT (Liang et al., 2020, arXiv:2002.08546) uses the
  same loss without the source. Each domain has its own batch-norm pass, as in SHOT, which never
  mixes them.

  No authors' code is known.

  Where re-implementations go wrong: the second entropy is that of the mean prediction, not the
  mean of entropies, and is subtracted. Over a small batch it is biased low, so the classes are
  asked to be balanced within the batch: large batches suit it, unbalanced targets do not.

  Args:
    weight: factor of the negative mutual information in nats.
    diversity: factor of the mean prediction's entropy in it; 0 is entropy minimisation.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    entropy_loss, spread = ops.entropy(lt).mean(), ops.marginal_entropy(lt)
    metrics = {"label_loss": label_loss, "entropy_loss": entropy_loss, "marginal_entropy": spread}
    return label_loss + weight * (entropy_loss - diversity * spread), ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
