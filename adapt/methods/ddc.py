"""DDC: an adaptation layer whose means agree between the domains (Tzeng et al., 2014, arXiv:1412.3474)."""

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.methods._two_classifiers import whole
from adapt.models import head as heads
from adapt.models import nets

FAMILY = "moment matching"


def ddc(net: Net, *, weight: float = 0.25, width: int = 256, passes: str = "joint") -> Method:
  """Trains a narrow layer whose means agree between the domains.

      min  CE(pₛ, yₛ) + weight · ‖h̄ₛ − h̄ₜ‖²
      h: what a linear layer of width units makes of f, for the classifier

  The distance is an MMD with a linear kernel: what differs in spread alone stays, which `coral` and `dan`
  see. The paper has no batch-norm, so that either pass is a choice of ours.

  No authors' code is known. Left out is the paper's choice of the layer's place and width, by the
  smallest distance that networks trained on the source have; it is a choice of `width` here.

  Where re-implementations go wrong: Gaussian kernels make it another method (dan), as in AdaTime, whose
  distance is also taken with gradients switched off, so that source_only is compared; the distance is of
  means over a batch, not of pairs of examples; and it is squared.

  Args:
    weight: factor of the distance (the paper's λ); 0.25 in the paper.
    width: units of the layer; 256 in the paper.
    passes: "joint", one batch-norm pass over both domains, or "separate", one for each.
  """
  joint = nets.joint(passes)
  if not 1 <= width <= 100_000:
    raise ValueError(f"width is {width}: choose 1 to 100000")

  def init(key, batch: Batch):
    k_net, k_layer, k_head = jax.random.split(key, 3)
    params, stats, features = nets.start(net, k_net, batch)
    body, own = heads.split(params)
    layer = heads.start(k_layer, features, width)
    head = heads.start(k_head, jnp.zeros((1, width)), own["kernel"].shape[-1])
    return {"net": body, "layer": layer, "head": head}, {"stats": stats, "head": own}

  def loss(params, state, batch: Batch, key, progress):
    passed = nets.both(net, whole(params, state), state["stats"], batch, key, joint=joint)
    hs, ht = (heads.logits(params["layer"], features) for features, _ in passed[:2])
    ls = heads.logits(params["head"], hs)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    mmd_loss = jnp.sum((hs.mean(axis=0) - ht.mean(axis=0)) ** 2)
    metrics = {"label_loss": label_loss, "mmd_loss": mmd_loss}
    return label_loss + weight * mmd_loss, ({**state, "stats": passed[2]}, metrics)

  def predict(params, state, x):
    (features, _), _ = net.apply(whole(params, state), state["stats"], x, train=False, key=None)
    h = heads.logits(params["layer"], features)
    return h, heads.logits(params["head"], h)

  return Method(init, loss, predict, outputs=("classes", "values"))
