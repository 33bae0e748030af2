"""Measures of pixels (segmentation), from a confusion matrix.

The matrix is counted on the device in one pass.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from adapt.losses import ops
from adapt.outputs import pixels

_SHOWN = 64  # pixels of an image that validators see


class PixelCounts(NamedTuple):
  """Additive counts over pixels from which every measure follows."""

  confusion: jax.Array  # [k, k] true class by predicted class, of scored pixels
  loss: jax.Array  # [] sum over images of the mean cross-entropy of their scored pixels, nats
  images: jax.Array  # [] with a scored pixel
  # Over all pixels, scored or not; the names are those of `metrics.Counts`.
  entropy: jax.Array  # [] sum of the predictions' entropies, nats
  probability: jax.Array  # [k] sum of the predicted probabilities
  examples: jax.Array  # []
  gram: jax.Array  # [k, k] PᵀP of the predicted probabilities P

  @property
  def finite(self) -> jax.Array:
    """A sum that is finite where all predictions are."""
    return self.entropy


def count(
  logits: Float[Array, "n h w k"], labels: Int[Array, "n ..."], valid: Float[Array, " n"]
) -> PixelCounts:
  """Counts the predictions of one block.

  Args:
    logits: predictions.
    labels: [n, h, w] true classes, below 0 where not scored; any [n] where none is known.
    valid: 1 for images, 0 for padding.
  """
  n, h, w, k = logits.shape
  if labels.ndim == 1:
    labels = jnp.full((n, h, w), -1)
  labels = jnp.where(valid[:, None, None] > 0, labels, -1)
  flat, of_pixel = logits.reshape(-1, k), jnp.repeat(valid, h * w)
  p = jax.nn.softmax(flat) * of_pixel[:, None]
  true = jax.nn.one_hot(labels.reshape(-1), k)  # a row of zeros where not scored
  return PixelCounts(
    confusion=true.T @ jax.nn.one_hot(flat.argmax(axis=1), k),
    loss=pixels.loss(logits, labels).sum(),
    images=(labels >= 0).any(axis=(1, 2)).sum().astype(jnp.float32),
    entropy=jnp.sum(ops.entropy(flat) * of_pixel),
    probability=p.sum(axis=0),
    examples=of_pixel.sum(),
    gram=jnp.matmul(p.T, p, precision=jax.lax.Precision.HIGHEST),
  )


def thinned(values: Array) -> Array:
  """Values [n, s, ...] at s fixed pixels of each image.

  The values are [n, h, w, ...]. The pixels are the same of every image and at every evaluation.
  """
  n, h, w = values.shape[:3]
  rows = np.random.default_rng(0).permutation(h * w)[:_SHOWN]
  return values.reshape(n, h * w, *values.shape[3:])[:, rows]


def class_iou(confusion: Any) -> np.ndarray:
  """Intersection over union [..., k] of confusion matrices [..., k, k].

  NaN for a class that occurs among neither labels nor predictions, as scikit-learn leaves it out.
  """
  counts = np.asarray(confusion, np.float64)
  right = np.diagonal(counts, axis1=-2, axis2=-1)
  union = counts.sum(-1) + counts.sum(-2) - right
  return np.divide(right, union, out=np.full(right.shape, np.nan), where=union > 0)


def miou(confusion: Any) -> np.ndarray:
  """Mean IoU [...] over the classes among labels or predictions.

  It is 0 without a pixel.
  """
  each = class_iou(confusion)
  there = np.isfinite(each)
  return np.asarray(np.where(there, each, 0).sum(-1) / np.maximum(there.sum(-1), 1))


def dice(confusion: Any) -> float:
  """Dice coefficient: 2 |A ∩ B| / (|A| + |B|).

  Source: Dice (1945); it is F1 of pixels. Of two classes it is the second's, as of vessels on
  background; else the mean over the classes that occur among labels or predictions. 0 where nothing
  occurs.
  """
  each = class_iou(confusion)
  f1 = 2 * each / (1 + each)
  if len(f1) == 2:
    return float(np.nan_to_num(f1[1]))
  known = f1[np.isfinite(f1)]
  return float(known.mean()) if known.size else 0.0


def measures(counts: PixelCounts) -> dict[str, Any]:
  """mIoU, Dice, pixel accuracy and each class's IoU, as fractions.

  The IoU of a class that does not occur is None.
  """
  confusion = np.asarray(counts.confusion, np.float64)
  return {
    "miou": float(miou(confusion)),
    "dice": dice(confusion),
    "pixel_accuracy": float(np.trace(confusion) / max(confusion.sum(), 1.0)),
    "class_iou": [None if np.isnan(v) else float(v) for v in class_iou(confusion)],
  }
