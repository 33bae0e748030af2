"""Measures of classes beside accuracy.

They are computed from a confusion matrix and from kept probabilities. Over several classes each is
compared with the rest, and the mean is over the classes for which the test set defines the measure
(macro one-vs-rest). Of two classes the second is the positive one.
"""

from typing import Any

import numpy as np
from jaxtyping import Float, Int

# None where the test set does not define a measure; of groups there is a list.
Measured = dict[str, Any]


def of_confusion(confusion: Float[np.ndarray, "k k"]) -> Measured:
  """Balanced accuracy, recall of the worst class and specificity.

  Balanced accuracy is the mean recall of the classes that occur; specificity the share of a class's
  negatives that are not predicted as it.

  Args:
    confusion: counts, true class by predicted class.
  """
  counts = np.asarray(confusion, np.float64)
  right, true, predicted, total = np.diag(counts), counts.sum(1), counts.sum(0), counts.sum()
  recall = right[true > 0] / true[true > 0]
  negatives = total - true
  kept = negatives - (predicted - right)
  judged = negatives > 0
  if len(counts) == 2:
    judged &= np.array([False, True])
  specificity = kept[judged] / negatives[judged]
  return {
    "balanced_accuracy": _mean(recall),
    "worst_recall": float(recall.min()) if recall.size else None,
    "specificity": _mean(specificity) if total else None,
  }


def of_logits(
  logits: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  weights: Float[np.ndarray, " n"] | None = None,
) -> Measured:
  """AUROC, AUPRC and the Brier score, as scikit-learn's of the softmax.

  AUROC is the chance that a positive example scores above a negative one, ties half; AUPRC is the
  average precision, without interpolation. The Brier score (Brier, 1950) is the mean squared
  distance between probabilities and one-hot labels, halved for two classes.

  Args:
    logits: predictions.
    labels: true classes; examples with -1 are left out.
    weights: of the examples; None: ones.
  """
  known = labels >= 0
  w = np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64)
  z, y, w = np.asarray(logits, np.float64)[known], labels[known], w[known]
  if not w.sum():
    return {"auroc": None, "auprc": None, "brier": None}
  k = z.shape[1]
  p, odds = _odds(z)
  curves = [thresholds(odds[:, c], y == c, w) for c in ([1] if k == 2 else range(k))]
  squares = ((p - (y[:, None] == np.arange(k))) ** 2).sum(axis=1)
  return {
    "auroc": _mean([auroc(*c) for c in curves if c[0][-1] > 0 and c[1][-1] > 0]),
    "auprc": _mean([average_precision(*c) for c in curves if c[0][-1] > 0]),
    "brier": float((w * squares).sum() / w.sum() / (2 if k == 2 else 1)),
  }


def of_groups(
  logits: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  groups: np.ndarray | None,
  weights: Float[np.ndarray, " n"] | None = None,
) -> Measured:
  """Accuracy of the worst group, and of each.

  Source: Sagawa et al., ICLR 2020.

  Args:
    logits: predictions.
    labels: true classes; examples with -1 are left out.
    groups: names of the examples' groups [n]; None: there are none, and no measure.
    weights: of the examples; None: ones.

  Returns:
    `worst_group_accuracy`, None without a label, and `per_group`, in the order of the sorted names,
    0 for a group without a labelled example, which is never the worst.
  """
  if groups is None:
    return {}
  w = (labels >= 0) * (np.ones(len(labels)) if weights is None else np.asarray(weights, np.float64))
  _, of = np.unique(groups, return_inverse=True)
  total = np.bincount(of, w)
  right = np.bincount(of, w * (np.asarray(logits).argmax(axis=1) == labels))
  share = np.divide(right, total, out=np.zeros_like(right), where=total > 0)
  known = share[total > 0]
  return {
    "worst_group_accuracy": float(known.min()) if known.size else None,
    "per_group": share.tolist(),
  }


def _odds(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Softmax [n, k] and its log-odds, which rank alike but do not round to one."""
  z = z - z.max(axis=1, keepdims=True)
  e = np.exp(z)
  total = e.sum(axis=1, keepdims=True)
  others = total - e
  top = np.arange(len(z)), z.argmax(axis=1)
  rest = e.copy()
  rest[top] = 0.0
  others[top] = rest.sum(axis=1)  # total - e is rounded away where e is nearly all of it
  with np.errstate(divide="ignore"):
    return e / total, z - np.log(others)


def thresholds(
  score: np.ndarray, positive: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
  """Weights of true and false positives at each threshold, highest first."""
  order = np.argsort(-score, kind="stable")
  score, own = score[order], np.where(positive, weights, 0.0)[order]
  # A threshold counts once, with all examples of its score.
  last = np.append(np.flatnonzero(score[1:] != score[:-1]), len(score) - 1)
  return np.cumsum(own)[last], np.cumsum(weights[order] - own)[last]


def auroc(true: np.ndarray, false: np.ndarray) -> float:
  """The area under the ROC curve, from `thresholds`."""
  t, f = (np.concatenate([[0.0], v / v[-1]]) for v in (true, false))
  return float(np.sum(np.diff(f) * (t[1:] + t[:-1]) / 2))


def average_precision(true: np.ndarray, false: np.ndarray) -> float:
  """The mean precision over the positives' recall, from `thresholds`."""
  found = true + false
  precision = np.divide(true, found, out=np.zeros_like(true), where=found > 0)
  return float(np.sum(np.diff(true, prepend=0.0) * precision) / true[-1])


def _mean(values: np.ndarray | list[float]) -> float | None:
  return float(np.mean(values)) if len(values) else None
