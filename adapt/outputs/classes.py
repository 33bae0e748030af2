"""Classes: integer labels, judged by what is decided and by the probabilities."""

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


def classes() -> Output:
  """One of K classes; the loss is the cross-entropy of softmax(logits), in nats."""
  return Output()
