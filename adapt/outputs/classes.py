"""Classes: integer labels, judged by what is decided and by the probabilities."""

import jax
import optax

from adapt.method import Output
from adapt.outputs._measure import Measure

# The first is the main one: what tables show where nothing else is asked for.
MEASURES = (
  Measure("accuracy", "accuracy"),
  Measure(
    "h_score", "H-score (harmonic mean of the recall of known classes and of the unknown one)"
  ),
  Measure("balanced_accuracy", "balanced accuracy"),
  Measure("worst_recall", "recall of the worst class"),
  Measure("specificity", "specificity"),
  Measure("precision", "precision"),
  Measure("recall", "recall"),
  Measure("f1", "F1"),
  Measure("auroc", "AUROC"),
  Measure("auprc", "AUPRC (average precision)"),
  Measure("brier", "Brier score", percent=False, lower=True),
  Measure("calibration_error", "calibration error (ECE)", lower=True),
)


def classes(*, smoothing: float = 0.0) -> Output:
  """One of K classes, with softmax cross-entropy as the loss.

  The loss is in nats.

  Args:
    smoothing: share ε of a label that all K classes divide among them (label smoothing, Szegedy et
      al., 2016, §7).
  """
  if not 0 <= smoothing < 1:
    raise ValueError(f"smoothing is {smoothing}: choose a share from 0 to less than 1")
  if not smoothing:
    return Output()

  def loss(logits: jax.Array, labels: jax.Array) -> jax.Array:
    wanted = optax.smooth_labels(jax.nn.one_hot(labels, logits.shape[-1]), smoothing)
    return optax.losses.softmax_cross_entropy(logits, wanted)

  return Output("classes", loss)
