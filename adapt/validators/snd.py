"""SND: how densely target examples lie among those that are predicted alike (arXiv:2108.10860)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.validators import Validator

_PIXELS = 1024  # that are compared


def snd(*, temperature: float = 0.05) -> Validator:
  """Soft neighbourhood density: mean entropy of similarities to all other examples.

      score = E H(softmaxⱼ(cos(pᵢ, pⱼ) / temperature)),  j ≠ i, both of the target

  Source: Saito et al. (2021): cosines of predicted probabilities, softmax at
  temperature 0.05 without the example itself. Where re-implementations go wrong: they take the
  cosines of logits, or leave the example among its own neighbours. A model that predicts one class
  for everything has the densest neighbourhoods of all, so this score cannot refuse it.

  Args:
    temperature: of the softmax over similarities.
  """
  return Validator(lambda seen: score(_some(seen.lt), temperature), outputs=("classes", "pixels"))


def _some(lt: jax.Array) -> jax.Array:
  """Logits [m, k]: of pixels [n, s, k] evenly spaced ones, whose pairs fit in memory."""
  if lt.ndim == 2:
    return lt
  flat = lt.reshape(-1, lt.shape[-1])
  return flat[:: -(-len(flat) // _PIXELS)]


def score(lt: Float[Array, "m k"], temperature: float = 0.05) -> Float[Array, ""]:
  """The mean entropy, between 0 and log(m − 1), in nats.

  Args:
    lt: logits of target examples.
    temperature: of the softmax over similarities.
  """
  p = jax.nn.softmax(lt)
  unit = p / jnp.linalg.norm(p, axis=1, keepdims=True)
  cosine = jnp.matmul(unit, unit.T, precision=jax.lax.Precision.HIGHEST)
  # Finite, as a probability of 0 times a logarithm of -inf is no number.
  others = jnp.where(jnp.eye(len(p), dtype=bool), -1e30, cosine / temperature)
  return jnp.mean(ops.entropy(others))
