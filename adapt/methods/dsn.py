"""DSN: shared features, and private ones of each domain (Bousmalis et al., 2016, arXiv:1608.06019)."""

import math
from typing import Annotated

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.augment.image_ops import as_float
from adapt.catalogue import Range
from adapt.losses import adversarial, memory_bank, ops
from adapt.losses.kernels import PRECISION
from adapt.method import Batch, Method, Net
from adapt.models import head as heads
from adapt.models import nets
from adapt.models.critic import critic as make_critic

FAMILY = "adversarial"


def dsn(
  net: Net,
  *,
  weight: float = 0.25,
  reconstruct: Annotated[float, Range(0.0001, 0.1, "log")] = 0.01,
  difference: Annotated[float, Range(0.001, 1.0, "log")] = 0.075,
  width: int = 100,
  depth: int = 1,
  hidden: int = 300,
) -> Method:
  """Trains shared features that hide the domain, apart from private ones.

      min  CE(pₛ, yₛ) + weight · adv(R(f, 1))
           + reconstruct · (Aₛ + Aₜ) + difference · (Bₛ + Bₜ)
      A = E[Var(decoder(f + g) − x)],  over an input's entries;  g: private
      B = ‖GᵀF‖² / d²,  rows of G and F: g − ḡ and f − f̄ at length 1

  Each domain has an encoder of its own, a network like the shared one. Private and shared features of an
  example are to be unlike, and one decoder finds the input of either domain from their sum: so what belongs
  to one domain need not lie in the shared features, which alone are classified. Domains have batch-norm
  passes of their own.

  Departs from the authors' code in the encoders, whose private ones are smaller there; in the decoder,
  there of convolutions, here a network of `hidden` units whatever the input; in the reconstruction, a sum
  over the batch and twice as large there; in the factors, 1e-6 each by default there, here those of a
  public version for digits (fungtion/DSN); in the start, where these terms may set in later; and in the
  similarity by an MMD or by correlations, left out here.

  Where re-implementations go wrong: the reconstruction may be off by a constant for free, which it
  may not in that public version; features are centred over the batch first and then brought to
  length 1, each example's; the mean is over the d² products, not their sum, so that the factor does not
  depend on the width; and the factor of the similarity scales the critic's own steps too.

  Args:
    weight: factor of the similarity (the paper's γ).
    reconstruct: factor of the reconstruction (α).
    difference: factor of the likeness of private and shared features (β).
    width: hidden width of the critic; 100 in the authors' code.
    depth: hidden layers of the critic; 1 in the authors' code.
    hidden: width of the decoder's one hidden layer; 0 for a linear one.
  """
  critic = make_critic(width, depth)
  if hidden < 0:
    raise ValueError(f"hidden is {hidden}: choose 0 (a linear decoder) or more units")

  def decoder(x):
    return make_critic(max(hidden, 1), min(hidden, 1), outputs=math.prod(x.shape[1:]))

  def init(key, batch: Batch):
    ops.check_numbers(batch.xs, "dsn finds")
    k_net, k_source, k_target, k_decoder, k_critic = jax.random.split(key, 5)
    params, stats, features = nets.start(net, k_net, batch)
    params = {"net": params, "decoder": decoder(batch.xs).init(k_decoder, features)}
    state = {"stats": stats}
    for name, k in (("source", k_source), ("target", k_target)):
      own, state[f"stats_{name}"] = net.init(k, batch.xs)
      params[name] = heads.split(own)[0]
    return {**params, "critic": critic.init(k_critic, features)}, state

  def loss(params, state, batch: Batch, key, progress):
    keys = jax.random.split(key, 3)
    (fs, ls), (ft, _), stats = nets.both(
      net, params["net"], state["stats"], batch, keys[0], joint=False
    )
    state, missed, unlike = {**state, "stats": stats}, jnp.zeros(()), jnp.zeros(())
    pairs = (("source", batch.xs, fs), ("target", batch.xt, ft))
    for (name, x, shared), k in zip(pairs, keys[1:], strict=True):
      own = {**params[name], "head": params["net"]["head"]}  # which says nothing
      (private, _), state[f"stats_{name}"] = net.apply(own, state[f"stats_{name}"], x, True, k)
      found = decoder(x).apply(params["decoder"], shared + private)
      missed += off(found.reshape(len(x), -1) - as_float(x).reshape(len(x), -1))
      unlike += likeness(private, shared)
    label_loss = ops.weighted_mean(net.output.loss(ls, batch.ys), batch.ws)
    both = ops.reverse_gradient(jnp.concatenate([fs, ft]), 1.0)
    domain_loss = adversarial.losses(critic.apply(params["critic"], both), len(fs)).mean()
    total = label_loss + weight * domain_loss + reconstruct * missed + difference * unlike
    metrics = {"label_loss": label_loss, "domain_loss": domain_loss}
    return total, (state, {**metrics, "missed": missed, "likeness": unlike})

  return Method(init, loss, nets.predictor(net), outputs=("classes", "values"))


def off(errors: Float[Array, "b n"]) -> Float[Array, ""]:
  """Mean over examples of the errors' variance: a constant error is free."""
  return ((errors**2).mean(axis=1) - errors.mean(axis=1) ** 2).mean()


def likeness(private: Float[Array, "b d"], shared: Float[Array, "b d"]) -> Float[Array, ""]:
  """Mean squared product of centred private and shared unit features."""
  private, shared = (memory_bank.unit(f - f.mean(axis=0)) for f in (private, shared))
  return (jnp.matmul(private.T, shared, precision=PRECISION) ** 2).mean()
