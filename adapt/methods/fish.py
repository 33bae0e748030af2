"""Fish: gradients of the sources that agree, by a step on each (Shi et al., 2022, arXiv:2104.09937)."""

import jax
import jax.numpy as jnp

from adapt.losses import ops
from adapt.losses.inner_steps import descended, with_gradient
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def fish(net: Net, *, rate: float = 0.01) -> Method:
  """Trains along the way that steps on one source after another lead.

      ϑ₀ = θ,  ϑᵢ = ϑᵢ₋₁ − rate · ∇rᵢ(ϑᵢ₋₁)      sources i = 1 … m, shuffled
      (θ − ϑₘ) / (rate · m)  is the gradient that the optimiser takes

  Each step begins with inner ones of plain gradient descent, one on each source. To first order the
  way that they lead is the mean of the sources' gradients; to second order it also raises their inner
  products. The target is not looked at.

  Departs from the authors' code in the inner optimiser, there that of the run with a state of its
  own, here plain descent; in the outer step, there a share of the way, here the optimiser's; in
  their training on pooled sources beforehand; and in pooled batches: a source that a batch
  lacks makes no inner step, and batch statistics are those of all sources.

  Where re-implementations go wrong: a fixed order of the sources makes their gradients' products
  count unevenly; the moving averages of Adam mix the sources' gradients, so that an inner Adam,
  as in DomainBed, starts from the last round's; and a long outer step undoes what short inner
  ones have found.

  Args:
    rate: length of an inner step; near 0 nothing but the mean of the sources' gradients is left.
  """
  if not isinstance(rate, jax.Array) and not rate > 0:
    raise ValueError(f"rate is {rate}: choose a number above 0")

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_order = jax.random.split(key)

    def risk(own, weights):
      (_, ls), stats = net.apply(own, state["stats"], batch.xs, True, k_net)
      return ops.weighted_mean(net.output.loss(ls, batch.ys), weights), stats

    order = jax.random.permutation(k_order, batch.ds.shape[1])
    own, stats, moved, total = params["net"], None, jnp.zeros(()), jnp.zeros(())
    # No scan: it makes gradients of convolutions slow on a CPU, and sources are few.
    for domain in order:
      weights = batch.ws * batch.ds[:, domain]
      (loss, seen), slope = jax.value_and_grad(risk, has_aux=True)(own, weights)
      own = descended(own, net.average(slope), rate)
      there = (weights.sum() > 0).astype(loss.dtype)
      moved, total = moved + there, total + there * loss
      stats = seen if stats is None else stats  # of the parameters before the steps
    moved = jnp.maximum(moved, 1)
    label_loss, scale = total / moved, rate * moved
    way = jax.tree.map(lambda before, after: (before - after) / scale, params["net"], own)
    metrics = {"label_loss": label_loss}
    return with_gradient(label_loss, params["net"], way), ({"stats": stats}, metrics)

  return Method(
    init, loss, nets.predictor(net), reads=("source",), sources=2, outputs=("classes", "values")
  )
