"""Pixels: a class for each pixel of an image (segmentation).

Predictions are judged by a confusion matrix of pixels.
"""

import jax
import jax.numpy as jnp

from adapt.method import Output
from adapt.outputs._measure import Measure

MEASURES = (
  Measure("miou", "mIoU"),
  Measure("dice", "Dice (of two classes the second's, else the mean over classes)"),
  Measure("pixel_accuracy", "pixel accuracy"),
)


def pixels() -> Output:
  """A class for each pixel, with mean cross-entropy as the loss.

  The mean, in nats, is over an image's scored pixels.

  Pixels labelled 255, or below 0, are not scored: neither in the loss nor in any measure.
  """
  return Output("pixels", loss)


def loss(logits: jax.Array, labels: jax.Array) -> jax.Array:
  """Mean cross-entropy [b] of each image's scored pixels.

  Of logits [b, h, w, k] and labels [b, h, w]; 0 for an image without a scored pixel.
  """
  scored = labels >= 0
  # A row of zeros where not scored. A product, as the gradient of picking one is a slow scatter on a CPU.
  true = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
  total = -(true * jax.nn.log_softmax(logits)).sum(axis=(1, 2, 3))
  return total / jnp.maximum(scored.sum(axis=(1, 2)), 1)
