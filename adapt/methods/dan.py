"""DAN: features under a small multi-kernel MMD (Long et al., 2015, arXiv:1502.02791)."""

from adapt.losses import discrepancy, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "moment matching"

LAYERS = {"features": (0,), "logits": (1,), "both": (0, 1)}


def dan(
  net: Net,
  *,
  weight: float = 1.0,
  layers: str = "features",
  estimate: str = "unbiased",
  passes: str = "joint",
) -> Method:
  """Trains features whose multi-kernel MMD between the domains is small.

      min  CE(pₛ, yₛ) + weight · MMD²
      MMD² = E κ(fₛ, fₛ′) + E κ(fₜ, fₜ′) − 2 E κ(fₛ, fₜ),  no f with itself
      κ(a, b) = mean of exp(−‖a − b‖² / (m · s)),  m ∈ {¼, ½, 1, 2, 4}
      s = sg(median of ‖a − b‖² over the pairs)      layers: f, ℓ, or a sum

  Source and target share one batch-norm pass, as in the authors' PyTorch code, where TLlib gives each
  its own; the features before the classifier are adapted, as in both. The paper's AlexNet adapts
  the classifier's layer too (`layers` "both"), learns the kernels' weights, which are equal here as
  in that code, and takes the linear estimate.

  Departs from the authors' code in the bandwidths, there around the mean squared distance, here the
  median; in the kernels' average, where that code adds five up; and in the last layers' tenfold
  rate.

  Where re-implementations go wrong: the five kernels are added up instead of averaged, which makes
  the weight five times larger; gradients flow into the bandwidth; the biased estimate is taken,
  whose diagonals reward features that crowd together (at weight 10 on turned moons: 67 % with it,
  96 % without).

  Args:
    weight: factor of the MMD (the paper's λ).
    layers: "features", "logits", or "both", whose MMDs are added.
    estimate: "unbiased"; "linear" over disjoint pairs of rows, noisier; or "biased".
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  if layers not in LAYERS:
    raise ValueError(f"layers is '{layers}': choose features, logits or both")
  discrepancy.check_estimate(estimate)
  joint = nets.joint(passes)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    source, target, stats = nets.both(net, params["net"], state["stats"], batch, key, joint=joint)
    label_loss = ops.weighted_mean(net.output.loss(source[1], batch.ys), batch.ws)
    mmd_loss = sum(discrepancy.mmd(source[i], target[i], estimate=estimate) for i in LAYERS[layers])
    metrics = {"label_loss": label_loss, "mmd_loss": mmd_loss}
    return label_loss + weight * mmd_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values", "pixels"))
