"""DARE-GRAM: equal inverse Gram matrices, for regression (Nejjar et al., CVPR 2023, arXiv:2303.13325)."""

from adapt.losses import ops, subspaces
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "moment matching"


def dare_gram(
  net: Net,
  *,
  weight: float = 0.05,
  scale_share: float = 0.02,
  threshold: float = 0.9,
  passes: str = "separate",
) -> Method:
  """Trains features whose inverse Gram matrices agree between the domains.

      min  CE(pₛ, yₛ) + weight · (A + scale_share · ‖eₛ − eₜ‖ / r)
      A = mean of |1 − cos| between columns of Gₛ⁺ and Gₜ⁺,  G = (1, F)ᵀ(1, F)
      e, G⁺: the r leading eigenvalues of G, its pseudo-inverse by these alone

  The last layer's least-squares solution is the inverse Gram matrix times what features and labels
  share, so it is the inverse that has to agree, in angle and in scale. r is the larger of both
  domains': one less than how many eigenvalues stay within `threshold` of their sum, at least 1, as in
  the authors' code, for whose dSprites the weights are.

  Departs from the authors' code in the gradient of the pseudo-inverse, here that of its singular values
  and vectors, damped, there that of an inverse without truncation; in the cosine, there with a floor of
  1e-6 under the lengths' product, which those of inverse matrices can reach; and in the last layer's
  rate, there ten times that of the others. Its ResNet takes one batch-norm pass a domain.

  Args:
    weight: factor of the angle between the pseudo-inverses' columns.
    scale_share: factor of the distance between the leading eigenvalues, as a share of `weight`.
    threshold: share of the eigenvalues' sum that the pseudo-inverse stays within.
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
    angle_loss, scale_loss = subspaces.inverse_gram(fs, ft, threshold)
    metrics = {"label_loss": label_loss, "angle_loss": angle_loss, "scale_loss": scale_loss}
    total = label_loss + weight * (angle_loss + scale_share * scale_loss)
    return total, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values"))
