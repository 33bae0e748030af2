"""OTDA: source features transported onto the target's (Courty et al., 2017, arXiv:1507.00504)."""

from typing import Annotated

from jax import lax

from adapt.catalogue import Range
from adapt.losses import kernels, ops, optimal_transport
from adapt.method import Batch, Method, Net
from adapt.models import head, nets

FAMILY = "optimal transport"


def otda(
  net: Net, *, weight: Annotated[float, Range(0.0, 1.0)] = 1.0, epsilon: float = 0.1
) -> Method:
  """Trains the source model's head on optimally transported source features.

      min  CE(p(fₛ + weight · (gₛ − fₛ)), yₛ)      by the head;  f of θ⁰
      gᵢₛ = Σⱼ Πᵢⱼ · fⱼₜ / Σⱼ Πᵢⱼ
      Π = argmin Σᵢⱼ Πᵢⱼ · Cᵢⱼ − epsilon · E[C] · H(Π),  Cᵢⱼ = ‖fᵢₛ − fⱼₜ‖²

  The features stay those of the source model, in evaluation mode throughout. A source example goes
  to the mean of the target's features by its plan (the paper's barycentric mapping, eq. 14, and OT-IT's
  plan); its label goes with it. The paper makes one plan of all examples and trains a classifier anew;
  here each batch has its plan, so that large batches suit it, and the head goes on from the source's.
  The class regularisation of the paper is left out, so that the plan sees no label, and values are
  served too.

  No authors' code is followed: POT's transport is on whole sets, before any training.

  Where re-implementations go wrong: rows of the plan add up to 1 / n, not to 1, so they are divided
  by their sums before they average; and an entropy without regard to the cost's scale gives either
  no plan at all or the mean of everything, hence the relative one here.

  Args:
    weight: how far along its way an example is moved, from 0, where the source is, to 1.
    epsilon: entropy of the plan, relative to the batch's mean cost.
  """

  def init(key, batch: Batch):
    params, stats, _ = nets.start(net, key, batch)
    body, last = head.split(params)
    return {"net": {"head": last}}, {"stats": stats, "body": body}

  def features(params, state, x):
    whole = {**state["body"], **params["net"]}
    return net.apply(whole, state["stats"], x, train=False, key=None)[0]

  def loss(params, state, batch: Batch, key, progress):
    (fs, _), (ft, _) = lax.stop_gradient([features(params, state, x) for x in (batch.xs, batch.xt)])
    cost = kernels.squared_distances(fs, ft)
    plan = optimal_transport.plan(cost, epsilon * cost.mean())
    mapped = plan @ ft / plan.sum(axis=1, keepdims=True)
    ls = head.logits(params["net"]["head"], fs + weight * (mapped - fs))
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    metrics = {"label_loss": label_loss, "cost": (plan * cost).sum()}
    return label_loss, (state, metrics)

  def predict(params, state, x):
    return features(params, state, x)

  return Method(init, loss, predict, starts="source", outputs=("classes", "values"))
