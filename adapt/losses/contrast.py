"""Contrastive losses: an example's own key against those of others."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float


def info_nce(
  asks: Float[Array, "b d"],
  own: Float[Array, "b d"],
  others: Float[Array, "m d"],
  apart: Bool[Array, "b m"],
  temperature: jax.Array | float,
) -> Float[Array, " b"]:
  """InfoNCE per example (van den Oord et al., 2018, arXiv:1807.03748).

  It is the cross-entropy, in nats, of naming one's own key among those of others. Without others it
  is 0.

  Args:
    asks: features, at length 1 as a rule.
    own: the key of each.
    others: keys of other examples.
    apart: which of them count, for each example.
    temperature: divides the inner products.
  """
  alike = jnp.matmul(asks, others.T, precision=lax.Precision.HIGHEST)
  positive = (asks * own).sum(axis=1, keepdims=True)
  logits = jnp.concatenate([positive, jnp.where(apart, alike, -jnp.inf)], axis=1) / temperature
  return -jax.nn.log_softmax(logits)[:, 0]
