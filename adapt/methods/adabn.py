"""AdaBN: the source's weights under the target's batch statistics (Li et al., 2017, arXiv:1603.04779)."""

import jax

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "batch statistics"


def adabn(net: Net) -> Method:
  """Trains on the source alone, and predicts under target statistics.

      train    min  CE(pₛ, yₛ)
      predict  with running means and variances of xₜ in every batch-norm

  Training is bit for bit that of source_only. The target's means and variances are running averages
  over its training batches, which run through the network beside the source's and leave no
  gradient; the paper takes them over all of the target after training. The averages forget at the
  network's own rate, so the parameters they saw are those of the last few batches. Where the
  network has dropout, it is on, as for the source's statistics. The control to compare with is
  source_only.

  No authors' code is known; the paper is followed but for the averages, as said above.

  Where re-implementations go wrong: taking the statistics of the test batch at hand makes a
  prediction depend on its neighbours; letting the target's batches move the source's statistics,
  or their gradients the weights, makes it another method.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    if not jax.tree.leaves(stats):
      raise ValueError(
        "adabn needs batch statistics, this network has none: choose another --model, for pixels unet_bn"
      )
    target = jax.tree.map(lambda v: v + 0, stats)  # a copy, so that both can be donated
    return {"net": params}, {"stats": stats, "stats_target": target}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), stats = net.apply(params["net"], state["stats"], batch.xs, True, key)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    other = jax.random.fold_in(key, 1)
    _, target = net.apply(params["net"], state["stats_target"], batch.xt, True, other)
    return label_loss, ({"stats": stats, "stats_target": target}, {"label_loss": label_loss})

  def predict(params, state, x):
    return net.apply(params["net"], state["stats_target"], x, train=False, key=None)[0]

  return Method(init, loss, predict, outputs=("classes", "pixels", "labels"))
