"""Inter-domain mixup: mixtures of two sources' examples (Yan et al., 2020, arXiv:2001.00677)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.augment.image_ops import as_float
from adapt.losses import ops
from adapt.method import Batch, Method, Net
from adapt.models import nets

FAMILY = "robust over source domains"


def mixup(net: Net, *, alpha: float = 0.2) -> Method:
  """Trains on mixtures of inputs and labels from two source domains.

      min  λ · CE(p(x̃), y) + (1 − λ) · CE(p(x̃), y′)
      x̃ = λ x + (1 − λ) x′,  λ ~ Beta(alpha, alpha)
      (x, y) and (x′, y′): examples of two sources

  Each example is mixed with a random one of another domain. λ is one number for each domain and step.
  The target is not looked at.

  No authors' code is known: the paper mixes source with target by pseudo-labels, and this is
  DomainBed's form between sources. DomainBed pairs whole batches of domains in a random circle; here
  batches are pooled, and a partner is any example of another domain. An example whose batch has no
  other domain stays as it is.

  Where re-implementations go wrong: λ of Beta(0.2, 0.2) is near 0 or 1 most of the time, and taking
  max(λ, 1 − λ) as in MixMatch is another method; partners from the own domain make it plain mixup;
  and pixels of one byte are mixed after they are floats. Of token numbers no mixture exists.

  Args:
    alpha: both parameters of the Beta distribution; 0.2 in DomainBed. Near 0 nothing is mixed.
  """
  if not isinstance(alpha, jax.Array) and not alpha > 0:
    raise ValueError(f"alpha is {alpha}: choose a number above 0")

  def init(key, batch: Batch):
    ops.check_numbers(batch.xs, "mixup mixes")
    params, stats, _ = nets.start(net, key, batch)
    return {"net": params}, {"stats": stats}

  def loss(params, state, batch: Batch, key, progress):
    k_net, k_share, k_pair = jax.random.split(key, 3)
    shares = jax.random.beta(k_share, alpha, alpha, (batch.ds.shape[1],))
    own = batch.ds @ shares  # [b]
    other = partners(k_pair, batch.ds)
    x = as_float(batch.xs)
    each = own.reshape(-1, *(1,) * (x.ndim - 1))
    mixed = each * x + (1 - each) * x[other]
    (_, ls), stats = net.apply(params["net"], state["stats"], mixed, True, k_net)
    # Weights of both examples count, each with its share of the mixture.
    first, second = net.output.loss(ls, batch.ys), net.output.loss(ls, batch.ys[other])
    losses = jnp.concatenate([first, second])
    weights = jnp.concatenate([own * batch.ws, (1 - own) * batch.ws[other]])
    label_loss = ops.weighted_mean(losses, weights)
    return label_loss, ({"stats": stats}, {"label_loss": label_loss, "share": own.mean()})

  return Method(
    init, loss, nets.predictor(net), reads=("source",), sources=2, outputs=("classes", "values")
  )


def partners(key: jax.Array, domains: Float[Array, "b s"]) -> Int[Array, " b"]:
  """A random example of another domain for each example.

  It is the example itself where the batch has no other domain.
  """
  apart = domains @ domains.T < 0.5  # [b, b]
  drawn = jax.random.uniform(key, apart.shape)
  found = jnp.argmax(jnp.where(apart, drawn, -1.0), axis=1)
  return jnp.where(apart.any(axis=1), found, jnp.arange(len(found)))
