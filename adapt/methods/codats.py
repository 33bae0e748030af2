"""CoDATS: one critic names each source and the target (Wilson et al., 2020, arXiv:2005.10996)."""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import xlogy
from jaxtyping import Array, Float

from adapt.losses import between_domains, ops
from adapt.method import Batch, Method, Net
from adapt.models import nets
from adapt.models.critic import critic

FAMILY = "adversarial"


def codats(
  net: Net,
  *,
  weight: float = 1.0,
  ramp: float = 10.0,
  proportions: str = "",
  weak: float = 1.0,
  width: int = 500,
  depth: int = 2,
) -> Method:
  """Trains features whose domain, each source on its own, no critic names.

      min  CE(pₛ, yₛ) + CE(D(R(f, λ)), domain) + weak · KL(proportions, p̄ₜ)
      D: a probability per source and of the target      λ = weight · ramp(q)

  Where somebody knows how often the target has each class, `proportions` tells it (DA-WS, the weak
  supervision): the mean prediction of a target batch is to have these shares. One batch-norm pass
  sees all domains, as in the authors' code. With one source and no proportions it is dann with a
  softmax.

  Departs from the authors' code in the critic, which has dropout of 0.3 there and takes two steps for
  one of the features, here one; in the batches, there equally many of each domain, here half target, and
  the other half of pooled sources; in the optimiser, there Adam at 0.0001; and in the proportions, which
  it counts on the target's training labels: here they are given, and no label is read.

  Where re-implementations go wrong: a critic of source against target hides the sources' differences
  from the features, which is the code's `dann_gs`; the shares are compared with the mean of a batch's
  predictions, not example by example, so that a batch is to be large; the divergence is KL(shares,
  mean prediction), not the other way round, and it has no ramp.

  Args:
    weight: final strength λ of the reversed gradient.
    ramp: steepness with which it grows from 0, as in dann.
    proportions: how often the target has each class, as "2/1/1" or "0.5/0.25/0.25"; empty for unknown.
    weak: factor of the divergence from the proportions; 1 in the authors' code.
    width: hidden width of the critic.
    depth: hidden layers of the critic.
  """
  critic(width, depth)  # refuses a width or a depth
  shares = parsed(proportions)

  def judge(batch: Batch):
    return critic(width, depth, outputs=batch.ds.shape[1] + 1)

  def init(key, batch: Batch):
    k_net, k_critic = jax.random.split(key)
    params, stats, features = nets.start(net, k_net, batch)
    return {"net": params, "critic": judge(batch).init(k_critic, features)}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    (fs, ls), (ft, lt), stats = nets.both(
      net, params["net"], state["stats"], batch, key, joint=True
    )
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    strength = weight * ops.ganin_ramp(progress, ramp)
    said = judge(batch).apply(
      params["critic"], ops.reverse_gradient(jnp.concatenate([fs, ft]), strength)
    )
    # The target is the class after the sources.
    domains = jnp.eye(said.shape[1])[-1] * jnp.ones((len(said), 1))
    domains = domains.at[: len(fs)].set(jnp.pad(batch.ds, ((0, 0), (0, 1))))
    domain_loss = between_domains.told_apart(said, domains, jnp.ones(len(said)))
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    total = label_loss + domain_loss
    if shares:
      metrics["weak_loss"] = divergence(shares, lt)
      total += weak * metrics["weak_loss"]
    return total, ({"stats": stats}, metrics)

  outputs = ("classes",) if shares else ("classes", "values", "pixels")
  return Method(init, loss, nets.predictor(net), outputs=outputs)


def parsed(proportions: str) -> tuple[float, ...]:
  """Shares of the classes from "2/1/1"; none from an empty text.

  Raises:
    ValueError: another text.
  """
  if not proportions:
    return ()
  try:
    found = [float(part) for part in proportions.split("/")]
  except ValueError:
    found = []
  total = sum(found)
  if not (math.isfinite(total) and total > 0 and min(found) >= 0):
    raise ValueError(f"proportions is '{proportions}': give a number for each class, as 2/1/1")
  return tuple(part / total for part in found)


def divergence(shares: tuple[float, ...], logits: Float[Array, "b k"]) -> Float[Array, ""]:
  """KL(shares, mean prediction of a batch), in nats."""
  if len(shares) != logits.shape[1]:
    raise ValueError(f"proportions are of {len(shares)} classes, and there are {logits.shape[1]}")
  p = jnp.asarray(shares)
  log_q = jax.nn.logsumexp(jax.nn.log_softmax(logits), axis=0) - jnp.log(len(logits))
  return jnp.sum(xlogy(p, p) - p * log_q)
