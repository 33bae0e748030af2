"""Evaluation metrics: counts made on the device, measures computed from them."""

import functools
import math
import operator
import statistics
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from adapt.losses import ops

BINS = 15  # of the calibration error, as Guo et al. (2017, arXiv:1706.04599)


class Counts(NamedTuple):
  """Additive counts over examples from which every measure follows.

  Add two to pool them.
  """

  confusion: jax.Array  # [k, k] true class by predicted class
  bins: jax.Array  # [BINS, 3] examples, confidence and correct ones per confidence bin
  entropy: jax.Array  # [] sum of the predictions' entropies, nats
  probability: jax.Array  # [k] sum of the predicted probabilities
  examples: jax.Array  # []
  gram: jax.Array  # [k, k] PᵀP of the predicted probabilities P

  @property
  def finite(self) -> jax.Array:
    """A sum that is finite where all predictions are."""
    return self.entropy


def count(
  logits: Float[Array, "n k"], labels: Int[Array, " n"], valid: Float[Array, " n"]
) -> Counts:
  """Counts the predictions of one block.

  Args:
    logits: predictions.
    labels: true classes; -1 where unknown, which then counts in no confusion and no bin.
    valid: weights of the examples: 1, and 0 for padding.
  """
  k = logits.shape[1]
  p = jax.nn.softmax(logits)
  confidence = p.max(axis=1)  # unweighted, as it says which bin an example belongs to
  weighted = p * valid[:, None]
  predicted = jnp.argmax(logits, axis=1)
  true = jax.nn.one_hot(labels, k) * valid[:, None]  # a row of zeros for -1
  known = true.sum(axis=1)
  which = jnp.clip((confidence * BINS).astype(jnp.int32), 0, BINS - 1)
  columns = jnp.stack([jnp.ones_like(known), confidence, predicted == labels], axis=1)
  return Counts(
    confusion=true.T @ jax.nn.one_hot(predicted, k),
    bins=jax.nn.one_hot(which, BINS).T @ (columns * known[:, None]),
    entropy=jnp.sum(ops.entropy(logits) * valid),
    probability=weighted.sum(axis=0),
    examples=valid.sum(),
    gram=jnp.matmul(weighted.T, p, precision=jax.lax.Precision.HIGHEST),
  )


def columns(logits: Float[Array, "n *p c"], classes: int, unknown: bool) -> Float[Array, "n *p k"]:
  """Selects the logits of predictable classes.

  Those are the source's classes and, where there is one, the unknown class.

  Args:
    logits: of a method, with a last column for "unknown" or without; of pixels [n, h, w, c].
    classes: K, of the source.
    unknown: whether the task has unknown classes. Then a method without that column never predicts
      it; else the column is not read, as nothing is to be rejected.

  Returns:
    [n, K + 1] or [n, K].
  """
  if not unknown:
    return logits[..., :classes]
  if logits.shape[1] > classes:
    return logits
  # Finite, as a probability of 0 times a logarithm of -inf is no number.
  return jnp.pad(logits, ((0, 0), (0, 1)), constant_values=-1e30)


def measures(counts: Counts, unknown: bool = False) -> dict[str, Any]:
  """Accuracy, macro precision, recall and F1, per-class accuracy, expected calibration error.

  Macro means are over the classes that occur among the labels; a class never predicted has
  precision 0 there (scikit-learn's `zero_division=0`). All are fractions.

  Args:
    counts: of a set.
    unknown: whether the last class is "unknown". Then also `os_star`, the mean recall of the other
      classes that occur; `unknown`, its own recall; `os`, the mean recall of all of them, which
      counts it as one class (Saito et al., 2018, arXiv:1804.10427); and `h_score`, the harmonic
      mean of the first two, of class means (HOS in Bucci et al., 2020, arXiv:2007.12576).
  """
  confusion = np.asarray(counts.confusion, dtype=np.float64)
  right, true = np.diag(confusion), confusion.sum(1)
  occurs = true > 0
  precision, recall, f1 = _by_class(confusion)
  bins = np.asarray(counts.bins, dtype=np.float64)
  total = max(confusion.sum(), 1.0)
  return _rejecting(recall, occurs, unknown) | {
    "accuracy": float(right.sum() / total),
    "precision": float(precision[occurs].mean()) if occurs.any() else 0.0,
    "recall": float(recall[occurs].mean()) if occurs.any() else 0.0,
    "f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
    "calibration_error": float(np.abs(bins[:, 1] - bins[:, 2]).sum() / total),
    "per_class": recall.tolist(),
  }


def _by_class(confusion: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Precision, recall and F1 of each class, 0 where there is nothing to divide by."""
  right, true, predicted = np.diag(confusion), confusion.sum(1), confusion.sum(0)
  recall = np.divide(right, true, out=np.zeros_like(right), where=true > 0)
  precision = np.divide(right, predicted, out=np.zeros_like(right), where=predicted > 0)
  both = precision + recall
  f1 = np.divide(2 * precision * recall, both, out=np.zeros_like(right), where=both > 0)
  return precision, recall, f1


def macro_of_all(confusion: np.ndarray) -> dict[str, float]:
  """Macro means over classes among labels or predictions, as scikit-learn's.

  Args:
    confusion: [k, k] counts, true class by predicted class.
  """
  counts = np.asarray(confusion, np.float64)
  there = (counts.sum(1) > 0) | (counts.sum(0) > 0)
  means = [float(v[there].mean()) if there.any() else 0.0 for v in _by_class(counts)]
  return dict(zip(("precision", "recall", "f1"), means, strict=True))


def wilson(right: float, n: float, level: float = 0.95) -> tuple[float, float]:
  """Wilson's (1927) confidence interval of a fraction of n trials.

  It is (0, 1) without a trial.
  """
  if not n:
    return 0.0, 1.0
  z = statistics.NormalDist().inv_cdf((1 + level) / 2)
  p, weight = right / n, 1 + z * z / n
  middle = (p + z * z / (2 * n)) / weight
  half = z / weight * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
  return max(middle - half, 0.0), min(middle + half, 1.0)


def _rejecting(recall: np.ndarray, occurs: np.ndarray, unknown: bool) -> dict[str, float]:
  """Open-set measures of recognising shared and rejecting unknown classes.

  There are none without unknown classes.
  """
  if not unknown:
    return {}
  known = float(recall[:-1][occurs[:-1]].mean()) if occurs[:-1].any() else 0.0
  rejected = float(recall[-1])
  both = known + rejected
  return {
    "h_score": 2 * known * rejected / both if both else 0.0,
    "os_star": known,
    "unknown": rejected,
    "os": float(recall[occurs].mean()) if occurs.any() else 0.0,
  }


class Blocks(NamedTuple):
  """A data set split into padded blocks of equal size.

  So one compiled function serves sets of any size.
  """

  x: Any  # a list, or Decoded: [block, ...] each
  y: list[jax.Array]  # [block], -1 where unknown
  valid: list[jax.Array]  # [block], 0 for padding
  examples: int

  @property
  def computed(self) -> int:
    """Number of examples computed in a pass, padding included."""
    return sum(map(len, self.valid))


class Decoded:
  """Blocks of encoded images, decoded anew on every pass."""

  def __init__(self, images: Any, block: int) -> None:
    self.images, self.block = images, block

  def __iter__(self) -> Iterator[jax.Array]:
    starts = range(0, len(self.images), self.block)
    with ThreadPoolExecutor(1) as ahead:  # the next block is decoded while this one is used
      coming = ahead.submit(self._at, 0)
      for start in starts:
        block = coming.result()
        if start + self.block < len(self.images):
          coming = ahead.submit(self._at, start + self.block)
        yield block

  def _at(self, start: int) -> jax.Array:
    return _padded(self.images[slice(start, start + self.block)], self.block)


_VALUES = 2**22  # of a block's inputs at most, so that a network's activations fit
_KEPT = 2**30  # bytes of decoded test images kept on the device


def block_size(shape: tuple[int, ...]) -> int:
  """Number of examples per block: 500, fewer for large ones."""
  return max(8, min(500, _VALUES // max(math.prod(shape), 1)))


def blocks(x: Any, y: np.ndarray | None) -> Blocks:
  """Splits x [n, ...] and y [n] into padded device blocks.

  `y` is None where labels are unknown; of values it is [n, d], of pixels [n, h, w].

  Encoded images that would take too much room are decoded each time instead.
  """
  n, size = len(x), block_size(x.shape[1:])
  y = np.full(n, -1, np.int32) if y is None else y
  starts = range(0, n, size)
  labels, valid = (
    [_padded(v[i : i + size], size) for i in starts] for v in (y, np.ones(n, np.float32))
  )
  if isinstance(x, np.ndarray) or x.nbytes <= _KEPT:
    return Blocks([_padded(x[i : i + size], size) for i in starts], labels, valid, n)
  return Blocks(Decoded(x, size), labels, valid, n)


def _padded(values: np.ndarray, size: int) -> jax.Array:
  pad = [(0, size - len(values))] + [(0, 0)] * (values.ndim - 1)
  return jax.device_put(np.pad(values, pad))


def pooled(counting: Callable[..., Counts], mapped: Any, over: Blocks) -> Counts:
  """Sums counting(mapped, x, y, valid) over blocks without reading back."""
  return looked(lambda *block: (counting(*block), None), mapped, over, 0)[0]


def looked(
  looking: Callable[..., tuple[Counts, Any]], mapped: Any, over: Blocks, most: int
) -> tuple[Counts, list[Any]]:
  """Sums counts over blocks and keeps the first outputs.

  looking(mapped, x, y, valid) returns counts and outputs.

  Returns:
    The counts of all blocks, and the outputs of those that have the first `most` examples.
  """
  parts: list[Counts] = []
  kept: list[Any] = []
  for block in zip(over.x, over.y, over.valid, strict=True):
    counts, outputs = looking(mapped, *block)
    if len(parts) * len(block[1]) < most:
      kept.append(outputs)
    parts.append(counts)
  return jax.tree.map(lambda *c: functools.reduce(operator.add, c), *parts), kept
