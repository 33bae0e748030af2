"""SHOT-IM: information maximisation without the source (Liang et al., 2020, arXiv:2002.08546)."""

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.head import split

FAMILY = "source-free, test-time"


def shot_im(net: Net, *, weight: float = 1.0, diversity: float = 1.0) -> Method:
  """Trains source features under a frozen head for sure, diverse predictions.

      min  weight · (H(pₜ) − diversity · H(p̄ₜ))      not by the head

  Features and head are the source model's. The head is carried in the state, where not even weight
  decay reaches it. Batch-norm sees target batches alone, and its running statistics move to the
  target's: that alone, AdaBN, is what weight 0 does. The authors' source model has a weight-normalised
  head and is trained with smoothed labels; here it is that of source_only.

  Departs from the authors' code in the source model, as said above; in the entropy, there with 1e-5
  inside the logarithm; in the rate, there 0.01 and a tenth of it for a backbone; and in the output
  layer's frozen weights, which are normalised there.

  Where re-implementations go wrong: a head without gradients still shrinks under weight decay; and
  the diversity is the entropy of the mean prediction, not the mean of entropies.

  Args:
    weight: factor of the negative mutual information in nats.
    diversity: factor of the mean prediction's entropy in it; 0 for partial-set targets.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    body, head = split(params)
    return {"net": body}, {"stats": stats, "head": head}

  def loss(params, state, batch: Batch, key, progress):
    whole = {**params["net"], "head": state["head"]}
    (_, lt), stats = net.apply(whole, state["stats"], batch.xt, True, key)
    entropy_loss, spread = ops.entropy(lt).mean(), ops.marginal_entropy(lt)
    metrics = {"entropy_loss": entropy_loss, "marginal_entropy": spread}
    return weight * (entropy_loss - diversity * spread), ({**state, "stats": stats}, metrics)

  def predict(params, state, x):
    whole = {**params["net"], "head": state["head"]}
    return net.apply(whole, state["stats"], x, train=False, key=None)[0]

  return Method(init, loss, predict, reads=("target",), starts="source")
