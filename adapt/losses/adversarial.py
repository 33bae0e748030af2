"""Shared parts of methods with a domain critic.

These are its loss, and its input where that is more than features.

Conditioning on predictions is CDAN's (Long et al., 2018, arXiv:1705.10667).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from adapt.losses import ops
from adapt.method import Outputs


class Critic(NamedTuple):
  """A critic as pure functions."""

  init: Callable[..., Any]  # (key, features [b, d]) -> params
  apply: Callable[..., jax.Array]  # (params, features [b, d]) -> logits [b]


def losses(
  scores: Float[Array, " b"], n: int, is_source: jax.Array | float = 1.0
) -> Float[Array, " b"]:
  """Per-example loss of a critic.

  The first n examples are the source's. An `is_source` of 0 inverts the labels.
  """
  labels = jnp.where(jnp.arange(len(scores)) < n, is_source, 1 - is_source)
  return ops.binary_cross_entropy(scores, labels)


def loss(
  critic: Critic,
  params: Any,
  show: Callable[[jax.Array, jax.Array], jax.Array],
  source: Outputs,
  target: Outputs,
  strength: jax.Array | float,
  entropy: bool,
) -> Float[Array, ""]:
  """Adversarial loss of a critic with gradient reversal.

  The critic descends it. The features climb it by the reversed gradient. It averages the two domains'
  means, as CDAN's code does, where eq. 9 of DANN's paper adds them: a strength is twice that paper's λ.

  Args:
    critic: the critic.
    params: its parameters.
    show: what it sees, of features [b, d] and logits [b, k].
    source: features and logits.
    target: likewise.
    strength: of the reversed gradient.
    entropy: whether sure examples count more.
  """
  (fs, ls), (ft, lt) = source, target
  features, logits = jnp.concatenate([fs, ft]), jnp.concatenate([ls, lt])
  scores = critic.apply(params, show(ops.reverse_gradient(features, strength), logits))
  weights = sureness(logits, strength) if entropy else None
  return balanced(losses(scores, len(fs)), len(fs), weights)


def random_maps(key: jax.Array, d: int, k: int, limit: int, samples: int) -> dict[str, Any]:
  """Draw random projection matrices if d · k exceeds the limit.

  They are [d, samples] and [k, samples]. Else there are none.
  """
  if d * k <= limit:
    return {}
  k_features, k_classes = jax.random.split(key)
  return {
    "features": jax.random.normal(k_features, (d, samples)),
    "classes": jax.random.normal(k_classes, (k, samples)),
  }


def conditioned(
  features: Float[Array, "b d"], logits: Float[Array, "b k"], maps: dict[str, Any]
) -> Float[Array, "b e"]:
  """Multilinear map of features and predicted probabilities, or its random projection.

  Products are of each feature with each probability, which is a constant for the gradient.
  """
  p = lax.stop_gradient(jax.nn.softmax(logits))
  if not maps:
    return (p[:, :, None] * features[:, None, :]).reshape(len(p), -1)  # [b, k·d]
  projected = (features @ maps["features"]) * (p @ maps["classes"])
  return projected / jnp.sqrt(projected.shape[1])


def sureness(
  logits: Float[Array, "b k"], strength: jax.Array | float, least: float = 1.0
) -> Float[Array, " b"]:
  """Entropy weight least + exp(−entropy), with reversed gradient.

  The classifier climbs what the critic loses by it. GVB's weights have no `least`.
  """
  return least + jnp.exp(-ops.reverse_gradient(ops.entropy(logits), strength))


def balanced(
  losses: Float[Array, " b"], n: int, weights: Float[Array, " b"] | None
) -> Float[Array, ""]:
  """Average the weighted mean losses of both domains.

  The first n losses are the source's.
  """
  if weights is None:
    return (losses[:n].mean() + losses[n:].mean()) / 2
  total = jnp.zeros(())
  for part, w in ((losses[:n], weights[:n]), (losses[n:], weights[n:])):
    # The sum is a constant, as in the authors' code: only an example's own weight is learned.
    total += (part * w).sum() / lax.stop_gradient(w.sum())
  return total / 2
