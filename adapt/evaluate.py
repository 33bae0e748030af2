"""What a prediction is worth: counts made on the device, measures made from the counts."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from adapt import ops

BINS = 15  # of the calibration error, as Guo et al. (2017, arXiv:1706.04599)


class Counts(NamedTuple):
  """Sums over examples from which every measure follows; add two to pool them."""

  confusion: jax.Array  # [k, k] true class by predicted class
  bins: jax.Array  # [BINS, 3] examples, confidence and correct ones per confidence bin
  entropy: jax.Array  # [] sum of the predictions' entropies, nats
  probability: jax.Array  # [k] sum of the predicted probabilities
  examples: jax.Array  # []


def count(
  logits: Float[Array, "n k"], labels: Int[Array, " n"], valid: Float[Array, " n"]
) -> Counts:
  """Counts of one block.

  Args:
    logits: predictions.
    labels: true classes; -1 where unknown, which then counts in no confusion and no bin.
    valid: 1 for examples, 0 for padding.
  """
  k = logits.shape[1]
  p = jax.nn.softmax(logits) * valid[:, None]
  predicted = jnp.argmax(logits, axis=1)
  true = jax.nn.one_hot(labels, k) * valid[:, None]  # a row of zeros for -1
  confidence = p.max(axis=1)
  known = true.sum(axis=1)
  which = jnp.clip((confidence * BINS).astype(jnp.int32), 0, BINS - 1)
  columns = jnp.stack([jnp.ones_like(known), confidence, predicted == labels], axis=1)
  return Counts(
    confusion=true.T @ jax.nn.one_hot(predicted, k),
    bins=jax.nn.one_hot(which, BINS).T @ (columns * known[:, None]),
    entropy=jnp.sum(ops.entropy(logits) * valid),
    probability=p.sum(axis=0),
    examples=valid.sum(),
  )


def measures(counts: Counts) -> dict[str, Any]:
  """Accuracy, macro precision, recall and F1, per-class accuracy, expected calibration error.

  Macro means are over the classes that occur among the labels; a class never predicted has
  precision 0 there (scikit-learn's `zero_division=0`). All are fractions.
  """
  confusion = np.asarray(counts.confusion, dtype=np.float64)
  right, true, predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
  occurs = true > 0
  recall = np.divide(right, true, out=np.zeros_like(right), where=occurs)
  precision = np.divide(right, predicted, out=np.zeros_like(right), where=predicted > 0)
  both = precision + recall
  f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(right), where=both > 0)
  bins = np.asarray(counts.bins, dtype=np.float64)
  total = max(confusion.sum(), 1.0)
  return {
    "accuracy": float(right.sum() / total),
    "precision": float(precision[occurs].mean()) if occurs.any() else 0.0,
    "recall": float(recall[occurs].mean()) if occurs.any() else 0.0,
    "f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
    "calibration_error": float(np.abs(bins[:, 1] - bins[:, 2]).sum() / total),
    "per_class": recall.tolist(),
  }


class Blocks(NamedTuple):
  """A set cut into blocks of one size, padded, so that one compiled function serves sets of any size."""

  x: list[jax.Array]  # [BLOCK, ...] each
  y: list[jax.Array]  # [BLOCK], -1 where unknown
  valid: list[jax.Array]  # [BLOCK], 0 for padding
  examples: int


BLOCK = 500


def blocks(x: np.ndarray, y: np.ndarray | None) -> Blocks:
  """Cuts x [n, ...] and y [n] (None: unknown) into padded blocks on the device."""
  n = len(x)
  y = np.full(n, -1, np.int32) if y is None else y
  pieces: tuple[list[jax.Array], ...] = ([], [], [])
  for i in range(0, n, BLOCK):
    here = slice(i, i + BLOCK)
    missing = max(i + BLOCK - n, 0)
    for piece, values in zip(pieces, (x[here], y[here], np.ones(n, np.float32)[here]), strict=True):
      pad = [(0, missing)] + [(0, 0)] * (values.ndim - 1)
      piece.append(jax.device_put(np.pad(values, pad)))
  return Blocks(pieces[0], pieces[1], pieces[2], n)


def pooled(counting: Callable[..., Counts], mapped: Any, over: Blocks) -> Counts:
  """Adds up counting(mapped, x, y, valid) over the blocks; nothing is read back."""
  parts = [counting(mapped, *block) for block in zip(over.x, over.y, over.valid, strict=True)]
  return jax.tree.map(lambda *c: sum(c), *parts)
