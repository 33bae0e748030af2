"""Tent: low entropy by normalisation layers alone, no source (Wang et al., 2021, arXiv:2006.10726)."""

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "source-free, test-time"


def tent(net: Net, *, weight: float = 1.0) -> Method:
  """Trains the source model's normalisation layers for sure target predictions.

      min  weight · H(pₜ)      by scales and shifts of normalisation alone

  All other parameters are carried in the state. Training passes normalise with the target batch's own
  statistics, as in the paper. Predictions take their running averages: the paper predicts each test
  batch under its own statistics while it adapts to it, so that a prediction depends on its
  neighbours; here the target's training inputs are adapted to, and test examples are predicted one by
  one. With weight 0 it is AdaBN.

  Departs from the authors' code in the protocol, as told above: there one step per test batch,
  predicted before that step under the batch's statistics, with Adam at 0.001.

  Where re-implementations go wrong: weight decay moves what should be frozen, and the source's
  running statistics, or the layers of a network in evaluation mode, are used in training passes.

  Args:
    weight: factor of the mean entropy in nats; 1 in the paper.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    norms, rest = nets.norms_apart(params)
    if not norms:
      raise ValueError("tent needs normalisation layers that train: choose another --model")
    return {"net": norms}, {"stats": stats, "rest": rest}

  def loss(params, state, batch: Batch, key, progress):
    whole = nets.joined(params["net"], state["rest"])
    (_, lt), stats = net.apply(whole, state["stats"], batch.xt, True, key)
    entropy_loss = ops.entropy(lt).mean()
    metrics = {"entropy_loss": entropy_loss}
    return weight * entropy_loss, ({**state, "stats": stats}, metrics)

  def predict(params, state, x):
    whole = nets.joined(params["net"], state["rest"])
    return net.apply(whole, state["stats"], x, train=False, key=None)[0]

  return Method(
    init, loss, predict, reads=("target",), starts="source", outputs=("classes", "pixels")
  )
