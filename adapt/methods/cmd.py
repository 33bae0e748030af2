"""CMD: equal means and central moments of features (Zellinger et al., 2017, arXiv:1702.08811)."""

from typing import Annotated

from adapt.catalogue import Range
from adapt.losses import discrepancy, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "moment matching"


def cmd(
  net: Net,
  *,
  weight: float = 1.0,
  moments: int = 5,
  span: Annotated[float, Range(0.5, 4.0, "log")] = 1.0,
) -> Method:
  """Trains features whose first moments agree between the domains.

      min  CE(pₛ, yₛ) + weight · Σⱼ ‖cⱼ(fₛ) − cⱼ(fₜ)‖ / spanʲ,  j = 1 … moments
      c₁(f) = f̄      cⱼ(f) = E[(f − f̄)ʲ], of each feature

  Each domain has its own batch-norm pass: the authors' networks have none, and their code calls
  the shared layers once per domain.

  Departs from the authors' code in the optimiser, there Adagrad (reviews), and in the features,
  there behind a sigmoid layer of 50, which the network has to bring.

  Where re-implementations go wrong: the moments' distances are squared, which weighs the higher
  moments away; and features must lie in an interval [a, b] (a sigmoid or tanh layer): behind a
  rectifier, which has no upper end, the fifth powers of a few large features take over.

  Args:
    weight: factor of the discrepancy (the paper's λ).
    moments: the highest moment (the paper's K).
    span: b − a; 1 behind a sigmoid, 2 behind tanh.
  """
  if moments < 1:
    raise ValueError(f"moments is {moments}: choose at least 1")

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    source, target, stats = nets.both(net, params["net"], state["stats"], batch, key, joint=False)
    label_loss = ops.weighted_mean(net.output.loss(source[1], batch.ys), batch.ws)
    cmd_loss = discrepancy.cmd(source[0], target[0], moments, span)
    metrics = {"label_loss": label_loss, "cmd_loss": cmd_loss}
    return label_loss + weight * cmd_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))
