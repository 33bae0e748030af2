"""MCC: little confusion between classes on the target (Jin et al., 2020, arXiv:1912.03699)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "target regularisers"


def mcc(
  net: Net, *, weight: float = 1.0, temperature: float = 2.5, passes: str = "separate"
) -> Method:
  """Trains on source labels and towards target predictions without class confusion.

      min  CE(pₛ, yₛ) + weight · (1 − Eⱼ[C[j, j] / Σₗ C[j, l]])
      C = Σᵢ (1 + exp(−sg(H(pᵢ)))) · pᵢ ⊗ pᵢ      classes j and l
      pᵢ = softmax(ℓᵢ / temperature)  of each target example i

  Each domain has its own batch-norm pass, as in the authors' code; TLlib takes one for both.

  Departs from the authors' code in nothing of the loss, which is that of its image runs; the
  backbone's tenth of the rate is a setting of a run here.

  Where re-implementations go wrong: the temperature (2.5 on Office) is left at 1, which keeps wrong
  early predictions; the entropy that weighs examples is that of the softened predictions, and is
  a constant for the gradient.

  Args:
    weight: factor of the class confusion; 1 in the paper.
    temperature: divides the target's logits.
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  joint = nets.joint(passes)

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (_, ls), (_, lt), stats = nets.both(net, params["net"], state["stats"], batch, key, joint=joint)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    confusion = class_confusion(lt / temperature)
    metrics = {"label_loss": label_loss, "confusion": confusion}
    return label_loss + weight * confusion, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net))


def class_confusion(logits: Float[Array, "b k"]) -> Float[Array, ""]:
  """Class confusion: each class's share of predictions lost to others.

  It is the paper's loss, in [0, 1).
  """
  p = jax.nn.softmax(logits)
  sure = 1 + jnp.exp(-jax.lax.stop_gradient(ops.entropy(logits)))
  weights = len(p) * sure / sure.sum()  # [b], 1 on average
  pairs = jnp.matmul((weights[:, None] * p).T, p, precision=jax.lax.Precision.HIGHEST)  # [k, k]
  # The diagonal is what is not confused; a class no example leans to has a row near zero.
  return 1 - jnp.mean(jnp.diagonal(pairs) / jnp.maximum(pairs.sum(axis=1), 1e-12))
