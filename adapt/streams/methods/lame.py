"""LAME: labels of a batch that agree among neighbours (Boudiaf et al., 2022, arXiv:2201.05718)."""

from typing import Any

import jax
import jax.numpy as jnp

from adapt.models.test_time import Forward
from adapt.streams.online import Online


def lame(forward: Forward, *, neighbours: jax.Array | float = 5.0, steps: int = 100) -> Online:
  """Corrects a batch's outputs by its features' nearest-neighbour graph.

  Nothing is kept.

  Assignments z are iterated as z_i ∝ p_i · exp(Σ_j w_ij z_j), from z = p (eq. 6, λ = 1). The network is
  in evaluation mode and no parameter moves.

  Departs from the authors' code in that all steps are made, where it stops once the energy changes by
  less than 1e-8 of itself; and an example is left out of its own neighbours by its place, where
  the code leaves out the nearest, which may be a copy. The graph is the code's kNN one, not symmetric.

  Where re-implementations go wrong: features that are not of length 1, an example among its own
  neighbours, batches so small that the graph is complete.

  Args:
    forward: the network.
    neighbours: k of the graph; 5 in the paper. Batches of at most k examples have a complete graph.
    steps: iterations.
  """

  def init(params: Any, stats: Any, xs: jax.Array) -> Any:
    return params, stats

  def step(state: Any, x: jax.Array) -> tuple[jax.Array, Any]:
    params, stats = state
    features, logits = forward(params, stats, x, source=1.0)
    unary = jnp.log(jax.nn.softmax(logits) + 1e-10)
    graph = nearest(features, neighbours)
    z = jax.lax.fori_loop(0, steps, lambda _, z: jax.nn.softmax(unary + graph @ z), jnp.exp(unary))
    return jnp.log(z + 1e-20), state

  return Online(init, step)


def nearest(features: jax.Array, neighbours: jax.Array | float) -> jax.Array:
  """Adjacency [b, b] of features [b, d].

  It is 1 where a column is among its row's nearest others.
  """
  unit = features / jnp.maximum(jnp.linalg.norm(features, axis=-1, keepdims=True), 1e-12)
  apart = 2 - 2 * jnp.matmul(unit, unit.T, precision=jax.lax.Precision.HIGHEST)
  apart = jnp.where(jnp.eye(len(unit), dtype=bool), jnp.inf, apart)
  rank = jnp.argsort(jnp.argsort(apart, axis=1), axis=1)
  return ((rank < neighbours) & jnp.isfinite(apart)).astype(jnp.float32)
