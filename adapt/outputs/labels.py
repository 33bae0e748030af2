"""Labels: several yes-or-no labels for each example (multi-label)."""

import jax
import jax.numpy as jnp
import optax

from adapt.method import Output
from adapt.outputs._measure import Measure

MEASURES = (
  Measure("map", "mAP (mean average precision)"),
  Measure("f1", "F1"),  # macro, as of classes
  Measure("micro_f1", "micro F1"),
  Measure("auroc", "AUROC"),
  Measure("subset_accuracy", "subset accuracy"),
  Measure("hamming_loss", "Hamming loss", lower=True),
)


def labels() -> Output:
  """Any number of K labels, with sigmoid cross-entropy as the loss.

  The mean, in nats, is over an example's known labels: 1 and 0 are known, -1 is not. A label is predicted
  where its probability is above a half.
  """
  return Output("labels", loss)


def loss(logits: jax.Array, labels: jax.Array) -> jax.Array:
  """Mean sigmoid cross-entropy [b] of each example's known labels.

  Of logits [b, k] and labels [b, k]; 0 for an example without a known label.
  """
  known = labels >= 0
  each = optax.losses.sigmoid_binary_cross_entropy(logits, (labels > 0).astype(logits.dtype))
  return jnp.where(known, each, 0.0).sum(axis=-1) / jnp.maximum(known.sum(axis=-1), 1)
