"""Shared loss operations: gradient reversal, schedules, and per-example losses.

All map arrays to arrays.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int


@jax.custom_vjp
def reverse_gradient(x: jax.Array, strength: jax.Array | float) -> jax.Array:
  """Gradient reversal layer (Ganin et al., 2016, eq. 16–17).

  It is the identity. Its gradient is multiplied by -strength.

  Under vmap, map x wherever strength is mapped: the gradients of an x that is not mapped are added
  up before they are multiplied.
  """
  del strength
  return x


def _reverse_forward(x: jax.Array, strength: jax.Array | float) -> tuple[jax.Array, Any]:
  return x, strength


def _reverse_backward(strength: Any, g: jax.Array) -> tuple[jax.Array, Any]:
  return -strength * g, jnp.zeros_like(strength)


reverse_gradient.defvjp(_reverse_forward, _reverse_backward)


def ganin_ramp(progress: jax.Array | float, gamma: jax.Array | float = 10.0) -> jax.Array:
  """Ramp from 0 to 1 (Ganin et al., 2016, §5.2.2).

  It is 2 / (1 + exp(-gamma · progress)) - 1.
  """
  return 2.0 / (1.0 + jnp.exp(-gamma * jnp.asarray(progress))) - 1.0


def held_back(
  progress: jax.Array | float, share: jax.Array | float, weight: jax.Array | float
) -> jax.Array:
  """Step schedule of a weight, as IRM and V-REx anneal.

  It is min(weight, 1) in the first `share` of training, and weight after it.
  """
  return jnp.where(jnp.asarray(progress) < share, jnp.minimum(weight, 1.0), weight)


def check_shares(**shares: jax.Array | float) -> None:
  """Raise ValueError, by name, for a share outside 0 to 1.

  Traced values were checked before tracing.
  """
  for name, value in shares.items():
    if not isinstance(value, jax.Array) and not 0 <= value <= 1:
      raise ValueError(f"{name} is {value}: a share lies between 0 and 1")


def check_numbers(x: jax.Array, does: str) -> None:
  """Raise ValueError for tokens, which no method can calculate with.

  Args:
    x: inputs; integers other than uint8 images are tokens.
    does: what the method does with numbers, as "mixup mixes".
  """
  if jnp.issubdtype(x.dtype, jnp.integer) and x.dtype != jnp.uint8:
    raise ValueError(f"{does} numbers, and these inputs are tokens: choose another method")


def cross_entropy(logits: Float[Array, "b k"], labels: Int[Array, " b"]) -> Float[Array, " b"]:
  """Cross-entropy of integer labels, per example, in nats."""
  return optax.losses.softmax_cross_entropy_with_integer_labels(logits, labels)


def binary_cross_entropy(
  logits: Float[Array, " b"], targets: Float[Array, " b"]
) -> Float[Array, " b"]:
  """Cross-entropy of targets in [0, 1] under sigmoid(logits), per example, in nats."""
  return optax.losses.sigmoid_binary_cross_entropy(logits, targets)


def weighted_mean(values: Float[Array, " b"], weights: Float[Array, " b"]) -> Float[Array, ""]:
  """Weighted mean of values.

  It divides by the sum of the weights, so that their scale does not matter.
  """
  return jnp.sum(values * weights) / jnp.maximum(jnp.sum(weights), 1e-12)


def domain_means(
  values: Float[Array, "b ..."], shares: Float[Array, "b s"]
) -> tuple[Float[Array, "s ..."], Float[Array, " s"]]:
  """Weighted mean of each domain's values, and its weight share.

  The weight share says what part of all weight lies in each domain.

  Args:
    values: one per example, or an array per example.
    shares: the weight of each example in each of the s domains, `batch.ds * batch.ws[:, None]`.

  Returns:
    The means, 0 for a domain without weight, and the domains' parts of all weight: they sum to 1,
    and 0 tells a domain that the batch lacks from one whose mean is 0.
  """
  # Differences of these means matter, which tensor cores' reduced precision would swallow.
  sums = jnp.tensordot(shares, values, axes=(0, 0), precision=jax.lax.Precision.HIGHEST)
  mass = shares.sum(axis=0)
  own = mass.reshape(mass.shape + (1,) * (values.ndim - 1))
  return sums / jnp.where(own > 0, own, 1.0), mass / jnp.maximum(mass.sum(), 1e-12)


def entropy(logits: Float[Array, "b k"]) -> Float[Array, " b"]:
  """Entropy of softmax(logits), per example, in nats.

  It lies between 0 and log k.
  """
  log_p = jax.nn.log_softmax(logits)
  return -jnp.sum(jnp.exp(log_p) * log_p, axis=-1)


def marginal_entropy(logits: Float[Array, "b k"]) -> Float[Array, ""]:
  """Entropy of the batch-mean softmax(logits), in nats.

  It lies between 0 and log k.
  """
  log_p = jax.nn.logsumexp(jax.nn.log_softmax(logits), axis=0) - jnp.log(len(logits))
  return -jnp.sum(jnp.exp(log_p) * log_p)


def length(x: Float[Array, "*b d"]) -> Float[Array, "*b"]:
  """Euclidean norm along the last axis, with zero gradient at zero.

  The gradient would otherwise be NaN there.
  """
  square = jnp.sum(x**2, axis=-1)
  # Both branches of a where are differentiated, hence the harmless 1 under the root.
  return jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1.0)), 0.0)


def ema(average: Any, new: Any, decay: jax.Array | float) -> Any:
  """Exponential moving average of a pytree.

  It is decay · average + (1 - decay) · new.
  """
  return jax.tree.map(lambda a, n: decay * a + (1.0 - decay) * n, average, new)
