"""DALN: the classifier itself is the critic (Chen et al., 2022, CVPR, pp. 7181–7190)."""

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import head as heads
from adapt.models import nets

FAMILY = "adversarial"


def daln(net: Net, *, weight: float = 1.0, ramp: float = 10.0) -> Method:
  """Trains features whose predictions have equal nuclear norms in both domains.

      min  CE(pₛ, yₛ) − weight · (‖Pₛ‖_* − ‖Pₜ‖_*) / n
      P: rows softmax(Wᵀ R(f, ramp(q))) of the n in the batch
      ‖P‖_*: sum of its singular values

  The classifier is the critic: it raises the nuclear norm of the source's predictions over that of
  the target's, and a reversed gradient lets the features lower the difference. Source and target
  share one batch-norm pass, as in the authors' code.

  Departs from the authors' code in the ramp, which reaches 0.46 after 1,000 steps there, whatever the
  run (a `ramp` of steps / 1,000); in the backbone, which learns at a tenth of the rate there; and in
  the features, there of a bottleneck of 256 units.

  Where re-implementations go wrong: the ramp scales the reversed gradient alone, and the classifier
  plays at full strength from the first step; the norm is divided by the batch and not by its number
  of singular values, as in bnm; and the sign, by which the source's norm is the larger one.

  Args:
    weight: factor of the difference of norms, classifier and features alike (the paper's λ).
    ramp: steepness with which the reversed gradient grows from 0, as in dann.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def norm(logits):
    return jnp.linalg.svd(jax.nn.softmax(logits), compute_uv=False).sum() / len(logits)

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, _), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=True)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = ops.ganin_ramp(progress, ramp)
    own = params["net"]["head"]
    source, target = (heads.logits(own, ops.reverse_gradient(f, strength)) for f in (fs, ft))
    apart = norm(source) - norm(target)
    return label_loss - weight * apart, (
      {"stats": stats},
      {"label_loss": label_loss, "apart": apart},
    )

  return Method(init, loss, nets.predictor(net))
