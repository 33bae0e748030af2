"""Held-out predictions and class weights per example, for label shift.

bbse, rlls and mlls share them.
"""

from typing import NamedTuple

import numpy as np

from adapt.weights._content import by_content, mean_one, refuse_unfit


class HeldOut(NamedTuple):
  """Logits of classifiers for examples that they did not train on."""

  source: np.ndarray  # [n, k] by the classifier of the other folds
  labels: np.ndarray  # [n] of those, 0 … k − 1
  target: np.ndarray  # [folds, m, k] by each of the classifiers


class Confusion(NamedTuple):
  """Moments of predictions and labels."""

  joint: np.ndarray  # [k, k] P_s(predicted i, label j)
  target: np.ndarray  # [k] P_t(predicted i)
  variance: np.ndarray  # [k, k] of the estimate of P_s(predicted i | label j)


def held_out(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  strength: float,
  folds: int,
  sample: int,
  name: str,
) -> HeldOut:
  """Cross-fits a logistic regression on standardised inputs.

  Each classifier is judged on the fold that it has not seen, and predicts the whole target. So the
  confusion matrix and the target's predictions belong to the same classifiers, on average over the
  folds. More than `sample` examples of a domain are sampled: what is estimated has one number per
  class. Time is O(folds · sample · d · k) per iteration.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    strength: inverse regularisation (scikit-learn's C).
    folds: number of folds.
    sample: most examples used per domain.
    name: of the weighting, for messages.

  Raises:
    ValueError: a single class, too few examples of one, or strength, folds or sample out of range.
  """
  from sklearn.linear_model import LogisticRegression
  from sklearn.pipeline import make_pipeline
  from sklearn.preprocessing import StandardScaler

  if strength <= 0 or folds < 2 or sample < 1:
    raise ValueError(
      f"strength {strength}, folds {folds}, sample {sample}: choose > 0, at least 2, at least 1"
    )
  refuse_unfit(name, xs, xt, 1)
  rows = by_content(xs)[:sample]
  classes, labels = np.unique(ys[rows], return_inverse=True)
  _refuse_small(np.unique(ys), classes, np.bincount(labels), folds, name)
  x, xt = xs[rows].astype(np.float64), xt[by_content(xt)[:sample]].astype(np.float64)
  fold = np.empty(len(rows), int)
  for label in range(len(classes)):  # rows are in random order, so each class deals its own
    fold[labels == label] = np.arange((labels == label).sum()) % folds
  source, target = np.empty((len(x), len(classes))), []
  for k in range(folds):
    model = make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=2000))
    model.fit(x[fold != k], labels[fold != k])
    source[fold == k] = _logits(model.decision_function(x[fold == k]))
    target.append(_logits(model.decision_function(xt)))
  return HeldOut(source, labels, np.stack(target))


def confusion(found: HeldOut, soft: bool) -> Confusion:
  """Confusion of held-out predictions: likeliest classes or, if soft, probabilities."""
  source, target = _predictions(found.source, soft), _predictions(found.target, soft)
  shown = np.eye(source.shape[1])[found.labels]  # [n, k]
  counts = shown.sum(axis=0)
  given = source.T @ shown / counts
  variance = ((source**2).T @ shown / counts - given**2) / counts
  return Confusion(given * counts / len(shown), target.mean(axis=(0, 1)), variance)


def sharpness(found: Confusion) -> tuple[float, float]:
  """Smallest singular value of P(predicted | label), and what noise alone gives.

  Its columns do not shrink with rare classes. A random matrix with independent entries has a spectral
  norm of about its longest row plus its longest column; below that, rank might as well be lost.
  """
  given = found.joint / found.joint.sum(axis=0)
  smallest = float(np.linalg.svd(given, compute_uv=False)[-1])
  noise = float(sum(np.sqrt(found.variance.sum(axis=axis).max()) for axis in (0, 1)))
  return smallest, max(noise, 1e-6)


def per_example(of_class: np.ndarray, ys: np.ndarray, name: str) -> np.ndarray:
  """Weights of examples by class, float32, with mean 1.

  of_class [k] is in the labels' order.
  """
  _, labels = np.unique(ys, return_inverse=True)
  return mean_one(np.maximum(of_class, 0.0)[labels], name)


def softmax(logits: np.ndarray) -> np.ndarray:
  """Probabilities over the last axis."""
  shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
  return shifted / shifted.sum(axis=-1, keepdims=True)


def _predictions(logits: np.ndarray, soft: bool) -> np.ndarray:
  return softmax(logits) if soft else np.eye(logits.shape[-1])[logits.argmax(axis=-1)]


def _logits(scores: np.ndarray) -> np.ndarray:
  """[n, k], also for two classes, where scikit-learn gives one score [n]."""
  return scores if scores.ndim == 2 else np.stack([np.zeros(len(scores)), scores], axis=1)


def _refuse_small(
  known: np.ndarray, found: np.ndarray, counts: np.ndarray, folds: int, name: str
) -> None:
  if len(known) < 2:
    raise ValueError(f"{name} weighs classes, and the source has {len(known)}: give at least 2")
  missing = np.setdiff1d(known, found)
  label, count = (missing[0], 0) if len(missing) else (found[counts.argmin()], counts.min())
  if count < folds:
    raise ValueError(
      f"{name} has {count} examples of class {label} for {folds} folds: "
      "choose fewer folds, a larger sample, or leave that class out"
    )
