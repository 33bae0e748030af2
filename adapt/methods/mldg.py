"""MLDG: steps on some source domains that help on others (Li et al., 2018, arXiv:1710.03463)."""

import jax

from adapt.losses import ops
from adapt.losses.inner_steps import descended
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def mldg(
  net: Net, *, weight: float = 1.0, rate: float = 0.01, held: int = 1, exact: bool = False
) -> Method:
  """Trains on sources so that a step on some helps others.

      min  r₁(θ) + weight · r₂(θ − rate · sg(∇r₁(θ)))      exact: without sg
      r₂: CE(pₛ, yₛ) of held sources, drawn anew;  r₁: of the others
      of values: that sum divided by 1 + weight

  A gradient step on some domains is to lower the risk of those that are held too. The target is not
  looked at.

  Departs from the authors' code in the pooled batches, where that has a batch of each domain: one in
  which all held domains, or all others, are missing has no second or first risk. There the risks
  of the others are added up; here a risk is a mean over examples. Second derivatives (`exact`)
  are left out by default, as in DomainBed, whose inner step is one of Adam; here it is plain
  gradient descent, as in the paper.

  Where re-implementations go wrong: without second derivatives the gradient at the stepped
  parameters is applied to those before the step, so that the step still counts, by where it
  leads; the held risk alone is no method; and batch statistics move by the first pass alone.

  Of values the two risks are averaged, so that a rate that suits `source_only` suits here. Two risks
  have twice the curvature of one, and that of a squared error does not fall as the error grows, so that
  steps of momentum diverge at half the rate. Adam, which DomainBed trains with, sees no difference;
  for classes and labels the sum stays as published.

  Args:
    weight: factor of the held domains' risk (the paper's β); 1 in DomainBed.
    rate: length of the inner step (the paper's α), which belongs to the data.
    held: domains that are held in each step; 1 in the authors' code, 2 in DomainBed.
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

    both = jax.value_and_grad(risk, has_aux=True)(params["net"], batch.ws * (1 - apart))
    (first, stats), slope = both
    slope = net.average(slope)
    if not exact:
      slope = jax.lax.stop_gradient(slope)
    second, _ = risk(descended(params["net"], slope, rate), batch.ws * apart)
    metrics = {"label_loss": first, "held_loss": second}
    total = first + weight * second
    if net.output.kind == "values":
      total = total / (1 + weight)
    return total, ({"stats": stats}, metrics)

  return Method(
    init, loss, nets.predictor(net), reads=("source",), sources=2, outputs=("classes", "values")
  )
