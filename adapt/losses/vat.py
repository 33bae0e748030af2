"""VAT, virtual adversarial training (Miyato et al., 2018, arXiv:1704.03976).

Predictions stay as they are around each input.
"""

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from adapt.augment.image_ops import as_float
from adapt.losses import ops
from adapt.method import Net


def smoothness(
  net: Net,
  params: Any,
  stats: Any,
  x: jax.Array,
  logits: jax.Array,
  keys: tuple[jax.Array, jax.Array],
  *,
  radius: jax.Array | float,
) -> jax.Array:
  """Prediction change under the worst perturbation of a given radius.

  The perturbation is in the direction that moves predictions most.

  Where re-implementations go wrong: the clean prediction is a constant; the passes on perturbed
  inputs leave running batch statistics alone, and need the clean pass's dropout mask, or the mask's
  noise is taken for the input's; and the authors' step of 1e-6 leaves mostly rounding in the
  direction in single precision (cosines with the true one near 0.1 on images), which is why the
  limit of small steps is taken here (`direction`).

  Args:
    net: the network.
    params: its parameters.
    stats: its batch statistics.
    x: inputs [b, ...]; uint8 images count as floats in [-1, 1].
    logits: [b, k], those of the clean pass in training mode.
    keys: (for dropout, that of the clean pass; for the random direction to begin with).
    radius: Euclidean length of the perturbation (ε), in the unit of the inputs.

  Returns:
    KL(clean ‖ perturbed) per example [b], in nats.
  """
  k_net, k_random = keys
  towards = direction(net, params, stats, x, (k_net, k_random))
  (_, moved), _ = net.apply(params, stats, as_float(x) + radius * towards, True, k_net)
  return divergence(lax.stop_gradient(logits), moved)


def direction(
  net: Net, params: Any, stats: Any, x: jax.Array, keys: tuple[jax.Array, jax.Array]
) -> jax.Array:
  """Adversarial unit vectors [b, ...] from one power iteration.

  It starts from random vectors.

  For a small perturbation r the divergence is rᵀHr/2 with H = JᵀFJ, where J are the derivatives of
  the logits by the inputs and F = diag(p) − ppᵀ. The paper approximates Hd by a difference
  quotient; both products with J are to be had exactly at the same cost.

  Returns:
    The directions, constants for the gradient; zero where no direction moves the prediction.
  """
  params, x = lax.stop_gradient(params), as_float(x)
  k_net, k_random = keys
  logits, back = jax.vjp(lambda x: net.apply(params, stats, x, True, k_net)[0][1], x)
  # J as the transpose of Jᵀ: layers whose gradients are written by hand know no forward mode.
  _, push = jax.vjp(lambda u: back(u)[0], jnp.zeros_like(logits))
  p, (slope,) = jax.nn.softmax(logits), push(jax.random.normal(k_random, x.shape, x.dtype))
  weighted = p * (slope - (p * slope).sum(axis=-1, keepdims=True))  # F J d, [b, k]
  (towards,) = back(weighted)
  lengths = ops.length(towards.reshape(len(x), -1))
  lengths = jnp.where(lengths > 0, lengths, 1).reshape(-1, *(1,) * (x.ndim - 1))
  return lax.stop_gradient(towards / lengths)


def divergence(logits: jax.Array, others: jax.Array) -> jax.Array:
  """KL(softmax(logits) ‖ softmax(others)) per example [b], in nats."""
  log_p, log_q = jax.nn.log_softmax(logits), jax.nn.log_softmax(others)
  return jnp.sum(jnp.exp(log_p) * (log_p - log_q), axis=-1)
