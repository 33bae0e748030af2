"""AFN: features of larger norm, which transfer better (Xu et al., 2019, arXiv:1811.07456)."""

import jax
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "target regularisers"


def afn(
  net: Net,
  *,
  weight: float = 0.05,
  variant: str = "stepwise",
  step: float = 1.0,
  radius: float = 25.0,
) -> Method:
  """Trains on source labels and towards larger feature norms in both domains.

      min  CE(pₛ, yₛ) + weight · (L(fₛ) + L(fₜ))
      stepwise:  L(f) = E[(‖f‖ − sg(‖f‖) − step)²]
      hard:      L(f) = (E‖f‖ − radius)²

  Each domain has its own batch-norm pass, as in the authors' code. Left out: the norm-preserving
  dropout of the paper's network, which is the network's business, and its optional entropy term.

  Departs from the authors' code in the features, there 1,000 behind a batch-normalised layer with
  dropout whose norm is preserved; and in the optimiser, there SGD at a constant 0.001, without
  momentum for the backbone.

  Where re-implementations go wrong: in the stepwise variant the norm to reach is the present one plus
  a step *as a constant*; with a gradient through it nothing is learned at all. Its value is step² per
  domain whatever happens, so the curve of this loss says nothing. The hard variant takes the norms'
  mean before the square, the stepwise one after it.

  Args:
    weight: factor of each domain's norm loss (the paper's λ); 0.01 for VisDA in the authors' code.
    variant: "stepwise" (SAFN), each norm grows, or "hard" (HAFN), mean norms go to the radius.
    step: how much each norm is to grow (the paper's Δr); read by "stepwise".
    radius: the norm to reach (the paper's R); read by "hard".
  """
  if variant not in ("stepwise", "hard"):
    raise ValueError(f"variant is '{variant}': choose stepwise or hard")

  def norm_loss(features: Float[Array, "b d"]) -> jax.Array:
    norms = ops.length(features)
    if variant == "hard":
      return (norms.mean() - radius) ** 2
    return ((norms - (lax.stop_gradient(norms) + step)) ** 2).mean()

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=False
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    total = label_loss + weight * (norm_loss(fs) + norm_loss(ft))
    norms = {"source_norm": ops.length(fs).mean(), "target_norm": ops.length(ft).mean()}
    return total, ({"stats": stats}, {"label_loss": label_loss, **norms})

  return Method(init, loss, nets.predictor(net))
