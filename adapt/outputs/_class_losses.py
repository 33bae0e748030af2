"""Losses of classes that have unequal numbers of examples, as published."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from adapt.losses import ops

Logits = Float[Array, "b k"]
Labels = Int[Array, " b"]
Counts = Float[Array, " k"]
Loss = Callable[[Logits, Labels], jax.Array]


def focal(logits: Logits, labels: Labels, gamma: float) -> Float[Array, " b"]:
  """Focal loss: −(1 − p)^γ log p of the label's probability p.

  Lin et al., 2017, arXiv:1708.02002, eq. 4.

  Sure examples count less, whatever their class. Of all classes by a softmax, where the paper's
  detector has a sigmoid for each.
  """
  true = jax.nn.one_hot(labels, logits.shape[-1], dtype=bool)
  log_p = -ops.cross_entropy(logits, labels)
  # 1 − p from the other logits: p rounds to 1 where the gradient of a small power has no limit.
  others = jax.nn.logsumexp(jnp.where(true, -jnp.inf, logits), axis=-1)
  return -jnp.exp(gamma * (others - jax.nn.logsumexp(logits, axis=-1))) * log_p


def logit_adjusted(counts: Counts, tau: float) -> Loss:
  """Cross-entropy of logits + τ log π, π being class shares.

  Menon et al., 2021, arXiv:2007.07314, eq. 10.

  Predictions take the logits as they are.
  A class without examples counts as having one.
  """
  there = jnp.maximum(counts, 1)
  shift = tau * jnp.log(there / there.sum())
  return lambda logits, labels: ops.cross_entropy(logits + shift, labels)


def balanced_softmax(counts: Counts) -> Loss:
  """Cross-entropy of the softmax n_y exp(l_y) / Σ n_j exp(l_j).

  Ren et al., 2020, arXiv:2007.10740, eq. 4.

  It equals `logit_adjusted` with τ = 1, as numbers and shares differ by a constant.
  """
  return logit_adjusted(counts, 1.0)


def ldam(counts: Counts, margin: float, scale: float) -> Loss:
  """Cross-entropy under a margin of the label that falls with n^(1/4).

  Cao et al., 2019, arXiv:1906.07413.

  The rarest class has `margin`, a class of n examples margin · (least n / n)^(1/4) (eq. 11 and 13). The
  authors' code multiplies by 30, which belongs to its head, of unit rows on features of length 1.
  """
  there = jnp.maximum(counts, 1)
  margins = margin * (there.min() / there) ** 0.25

  def loss(logits: Logits, labels: Labels) -> jax.Array:
    true = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    return ops.cross_entropy(scale * (logits - margins * true), labels)

  return loss
