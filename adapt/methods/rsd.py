"""RSD: equal subspaces of the features, for regression (Chen et al., 2021, ICML)."""

from adapt.losses import ops, subspaces
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "moment matching"


def rsd(
  net: Net,
  *,
  weight: float = 0.001,
  mismatch: float = 0.01,
  damping: float = 1e-6,
  passes: str = "separate",
) -> Method:
  """Trains features that span equal subspaces in both domains, regardless of scale.

      min  CE(pₛ, yₛ) + weight · (Σᵢ sin φᵢ + mismatch · ‖|Aₛ| − |Aₜ|‖)
      UₛᵀUₜ = Aₛ diag(cos φ) Aₜᵀ,  U: orthonormal basis of a batch's features

  Matching feature distributions also changes the features' scale, which a regression reads off; the
  angles between the two batches' spans do not depend on it. The weights are those of the authors' code
  for dSprites.

  Departs from the authors' code in the gradient: that of its singular value decompositions is without
  bound where singular values are nearly equal or nearly 0, and is damped here; and in the last
  layer's rate, there ten times that of the others. Its ResNet takes one batch-norm pass a domain.

  Args:
    weight: factor of the distance.
    mismatch: factor of the bases' mismatch within the distance.
    damping: of the gradient of the decompositions, in units of the largest squared singular value. Small
      networks on tables have features whose smallest singular values are next to nothing: with 1e-6 one
      step can throw their weights far away, and 1e-4 is the default for a user's own vectors and series.
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  joint = nets.joint(passes)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=joint
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    rsd_loss = subspaces.subspace_distance(fs, ft, mismatch, damping)
    metrics = {"label_loss": label_loss, "rsd_loss": rsd_loss}
    return label_loss + weight * rsd_loss, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values"))
