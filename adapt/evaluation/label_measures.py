"""Measures of labels (multi-label): counts on the device, and exact ones."""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from adapt.evaluation import cells
from adapt.evaluation.class_measures import Measured, auroc, average_precision, thresholds
from adapt.outputs import labels as kind


class LabelCounts(NamedTuple):
  """Additive counts over examples, and what ranks all of them."""

  precision: jax.Array  # [k] average precision, NaN without a positive; 0 until `ranked`
  loss: jax.Array  # [] sum of the examples' losses, nats
  examples: jax.Array  # [] with a known label
  outputs: jax.Array  # [] sum of all predictions, those without a label too

  @property
  def finite(self) -> jax.Array:
    """A sum that is finite where all predictions are."""
    return self.outputs


def count(logits: Float[Array, "n k"], labels: Array, valid: Float[Array, " n"]) -> LabelCounts:
  """Counts the predictions of one block.

  Args:
    logits: predictions.
    labels: [n, k] of 1 and 0, -1 where unknown; any [n] where all are.
    valid: 1 for examples, 0 for padding.
  """
  n, k = logits.shape
  there = valid[:, None] > 0
  labels = jnp.where(there, labels if labels.ndim > 1 else jnp.full((n, k), -1), -1)
  return LabelCounts(
    precision=jnp.zeros(k),
    loss=kind.loss(jnp.where(there, logits, 0.0), labels).sum(),
    examples=(labels >= 0).any(axis=1).sum().astype(jnp.float32),
    outputs=jnp.where(there, logits, 0.0).sum(),
  )


def marks(labels: Array) -> bool:
  """Whether labels of a block are of this kind: [n, k] integers."""
  return labels.ndim == 2 and jnp.issubdtype(labels.dtype, jnp.integer)


def ranked(
  counts: LabelCounts,
  logits: Sequence[Float[Array, "cells b k"]],
  labels: Sequence[Int[Array, "b k"]],
  valid: Sequence[Float[Array, " b"]],
) -> LabelCounts:
  """Counts [cells] with the average precision of all blocks' predictions.

  It is no sum over blocks, as each example is ranked among all others.
  """
  known = [jnp.where(v[:, None] > 0, y, -1) for y, v in zip(labels, valid, strict=True)]
  return counts._replace(precision=_ranked(jnp.concatenate(logits, axis=1), jnp.concatenate(known)))


@jax.jit
def _ranked(logits: Float[Array, "c n k"], labels: Int[Array, "n k"]) -> Float[Array, "c k"]:
  def one(scores: jax.Array, y: jax.Array) -> jax.Array:
    down = -jnp.where(y >= 0, scores, -jnp.inf)
    order = jnp.argsort(down)
    down, true, known = down[order], y[order] > 0, y[order] >= 0
    # A threshold counts once, with all examples of its score.
    last = jnp.searchsorted(down, down, side="right", method="sort") - 1
    found = jnp.cumsum(true) / jnp.maximum(jnp.cumsum(known), 1)
    return jnp.where(true, found[last], 0.0).sum() / true.sum()

  each = jax.vmap(one, in_axes=(1, 1))
  return cells.over_cells(lambda own: each(own, labels))(logits)


def mean_precision(counts: LabelCounts) -> np.ndarray:
  """mAP [...] of counts with leading axes.

  The mean is over labels that have a positive; NaN without one.
  """
  each = np.asarray(counts.precision, np.float64)
  judged = np.isfinite(each)
  mean = np.where(judged, each, 0.0).sum(-1) / np.maximum(judged.sum(-1), 1)
  return np.asarray(np.where(judged.any(-1), mean, np.nan))


def of_logits(logits: Float[np.ndarray, "n k"], labels: Int[np.ndarray, "n k"]) -> Measured:
  """Every measure of labels, as scikit-learn's where it defines them.

  mAP, F1 and AUROC are means over the labels that have a positive, AUROC's a negative too. Micro F1 and
  the Hamming loss pool all known labels. Subset accuracy is the share of examples, of those with all
  labels known, whose labels are all right. None where the test set does not define a measure.

  Args:
    logits: predictions; a label is predicted where its logit is above 0.
    labels: 1 and 0, -1 where unknown.
  """
  known, true, said = labels >= 0, labels > 0, logits > 0
  tp, fp, fn = (
    (known & a & b).sum(axis=0).astype(np.float64)
    for a, b in ((true, said), (~true, said), (true, ~said))
  )
  curves = [
    thresholds(np.asarray(logits[own, c], np.float64), true[own, c], np.ones(own.sum()))
    for c, own in enumerate(known.T)
    if true[own, c].any()
  ]
  whole, found = known.all(axis=1), 2 * tp + fp + fn
  f1 = np.divide(2 * tp, found, out=np.zeros_like(tp), where=found > 0)
  return {
    "map": _mean([average_precision(*c) for c in curves]),
    "f1": _mean(f1[tp + fn > 0]),
    "micro_f1": float(2 * tp.sum() / max(found.sum(), 1.0)) if known.any() else None,
    "auroc": _mean([auroc(*c) for c in curves if c[1][-1] > 0]),
    "subset_accuracy": _mean((true == said).all(axis=1)[whole]),
    "hamming_loss": _mean((true != said)[known]),
  }


def _mean(values: np.ndarray | list[float]) -> float | None:
  return float(np.mean(values)) if len(values) else None
