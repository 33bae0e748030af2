"""Discrepancies between the domains of one pooled batch.

All take features [b, d] and domains [b, s], one-hot. A domain that the batch lacks has no part.
"""

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.losses.kernels import PRECISION, squared_distances

# DomainBed's kernels, exp(−γ · squared distance), added up.
GAMMAS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)


def coral(fs: Float[Array, "b d"], domains: Float[Array, "b s"]) -> Float[Array, ""]:
  """Mean distance of two domains' means and covariances.

  Source: DomainBed (Gulrajani & Lopez-Paz, 2021, arXiv:2007.01434), after Sun & Saenko (2016).

  Returns:
    Mean over pairs of domains of the mean squared difference of their means' d entries, plus that of
    their covariances' d² entries. Covariances divide by n − 1; a domain of one example has none.
  """
  means, _ = ops.domain_means(fs, domains)  # [s, d]
  centred = fs - jnp.matmul(domains, means, precision=PRECISION)
  count = domains.sum(axis=0)
  products = jnp.einsum("bs,bi,bj->sij", domains, centred, centred, precision=PRECISION)
  covariances = products / jnp.maximum(count - 1, 1)[:, None, None]
  return pair_mean(means, count > 0) + pair_mean(covariances, count > 1)


def pair_mean(values: Float[Array, "s ..."], there: Float[Array, " s"]) -> Float[Array, ""]:
  """Mean over pairs of the mean squared difference of two domains' values.

  It is twice the variance over the domains, divided by their number less one, so that no array of
  pairs is built. 0 where there are fewer than two.
  """
  values, there = values.reshape(len(values), -1), there.astype(values.dtype)
  count = there.sum()
  centre = there @ values / jnp.maximum(count, 1)
  apart = ((values - centre) ** 2).mean(axis=1)
  return 2 * (there @ apart) / jnp.maximum(count - 1, 1)


def mmd(fs: Float[Array, "b d"], domains: Float[Array, "b s"]) -> Float[Array, ""]:
  """Mean squared MMD of two domains.

  Source: DomainBed, with seven fixed kernels. The kernels are added up, and the estimate is the biased one.
  """
  # Expanded into products, an example's distance to itself is rounding, which γ = 1000 would show.
  distances = squared_distances(fs, fs) * (1 - jnp.eye(len(fs)))
  kernel = sum(jnp.exp(-gamma * distances) for gamma in GAMMAS)
  count = domains.sum(axis=0)
  shares = domains / jnp.maximum(count, 1)
  inner = jnp.matmul(shares.T, jnp.matmul(kernel, shares, precision=PRECISION), precision=PRECISION)
  own = jnp.diagonal(inner)
  pairs = jnp.triu((count > 0)[:, None] & (count > 0), 1)
  each = own[:, None] + own - 2 * inner  # [s, s]
  return jnp.sum(each, where=pairs) / jnp.maximum(pairs.sum(), 1)


def told_apart(
  logits: Float[Array, "b s"], domains: Float[Array, "b s"], weights: Float[Array, " b"]
) -> Float[Array, ""]:
  """Cross-entropy of a critic that says each example's domain, in nats.

  Args:
    logits: of the critic.
    domains: the true ones.
    weights: of the examples; they are divided by their sum.
  """
  return ops.weighted_mean(optax.losses.softmax_cross_entropy(logits, domains), weights)


def class_balance(ys: jax.Array, classes: int) -> Float[Array, " b"]:
  """Weights with which each class of a batch counts alike.

  They are one over the number of its examples.
  """
  counts = jax.nn.one_hot(ys, classes).sum(axis=0)
  return 1 / counts[ys]
