"""Label-free scores of what accuracy a trained model has in the target."""

import numpy as np
from jaxtyping import Float, Int

from adapt.evaluation import expected_accuracy as e

_CELLS = 20_000  # of the linear programme of transport at most, which is slow with many classes


def of_logits(
  source: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  target: Float[np.ndarray, "m k"],
) -> dict[str, float]:
  """All scores of one model, calibrated on the held-out source, and `most_predicted`.

  Empty where an output is not finite.

  Args:
    source: outputs for source examples that the model has not seen.
    labels: of those, 0 … k − 1.
    target: outputs for target examples.
  """
  if not (np.isfinite(source).all() and np.isfinite(target).all()):
    return {}
  p, q = (_softmax(np.asarray(z, np.float64)) for z in (source, target))
  heat = e.temperature(p, labels)
  mano = e.matrix_norm(target)
  found = of_probabilities(e.tempered(p, heat), labels, e.tempered(q, heat))
  return {**found, "mano": mano, **most_predicted(labels, target)}


def most_predicted(
  labels: Int[np.ndarray, " n"], target: Float[np.ndarray, "m k"]
) -> dict[str, float]:
  """The class that the target is predicted to have most.

  With its share of the predictions, and that of the source's labels.

  Arguments are as in `of_logits`.
  """
  counts = np.bincount(target.argmax(axis=1), minlength=target.shape[1])
  k = int(counts.argmax())
  return {
    "most_predicted": k,
    "predicted_share": float(counts[k] / len(target)),
    "source_share": float((labels == k).mean()),
  }


def of_probabilities(
  source: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  target: Float[np.ndarray, "m k"],
) -> dict[str, float]:
  """Estimates of the target accuracy from calibrated probabilities.

  Arguments are as in `of_logits`, but probabilities.
  """
  shares = np.bincount(labels, minlength=source.shape[1])
  most = max(50, min(1000, _CELLS // source.shape[1]))
  return {
    "source_accuracy": float((source.argmax(axis=1) == labels).mean()),
    "average_confidence": e.average_confidence(target),
    "doc": e.difference_of_confidences(source, labels, target),
    "atc": e.thresholded(source, labels, target),
    "cot": e.confidence_transport(target, shares, most=most),
  }


def _softmax(logits: np.ndarray) -> np.ndarray:
  shown = np.exp(logits - logits.max(axis=1, keepdims=True))
  found: np.ndarray = shown / shown.sum(axis=1, keepdims=True)
  return found
