"""MLDG: steps on some source domains that help on others (Li et al., 2018, arXiv:1710.03463)."""

import jax

from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def mldg(
  net: Net, *, weight: float = 1.0, rate: float = 0.01, held: int = 1, exact: bool = False
) -> Method:
  """Trains on some sources, and on others one step later.

  In each step some domains, drawn anew, are held. The loss is the risk of the others, and the risk of
  the held ones at the parameters that a gradient step on the others leads to. The target is not
  looked at.

  No authors' code was read. DomainBed's departs from this in the inner step, of Adam there and plain
  gradient descent here, as in the paper; and in its batch of each domain. Here domains are pooled,
  and where a batch has no held example it has no second risk.

  Where re-implementations go wrong: without second derivatives (DomainBed, and `exact` unset here)
  the gradient at the stepped parameters is applied to those before the step, which costs half as
  much; batch statistics belong to the first pass; and the held risk alone is no method.

  Args:
    weight: factor of the held domains' risk (the paper's β).
    rate: of the inner step (the paper's α).
    held: domains that are held in each step; 1 in the paper, 2 in DomainBed.
    exact: with second derivatives, through the inner step.
  """
  if held < 1:
    raise ValueError(f"held is {held}: choose at least 1")

  def init(key, batch: Batch):
    sources = batch.ds.shape[1]
    if held >= sources > 1:
      raise ValueError(f"held is {held} of {sources} sources: leave at least one to learn from")
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_draw = jax.random.split(key)
    order = jax.random.permutation(k_draw, batch.ds.shape[1])
    apart = batch.ds @ (order < held).astype(batch.ws.dtype)  # [b], 1 where an example is held

    def risk(own, weights):
      (_, ls), stats = net.apply(own, state["stats"], batch.xs, True, k_net)
      return ops.weighted_mean(net.output.loss(ls, batch.ys), weights), stats

    (first, stats), slope = jax.value_and_grad(risk, has_aux=True)(
      params["net"], batch.ws * (1 - apart)
    )
    if not exact:
      slope = jax.lax.stop_gradient(slope)
    stepped = jax.tree.map(lambda p, g: p - rate * g, params["net"], slope)
    second, _ = risk(stepped, batch.ws * apart)
    metrics = {"label_loss": first, "held_loss": second}
    return first + weight * second, ({"stats": stats}, metrics)

  return Method(init, loss, nets.predictor(net), reads=("source",), sources=2)
