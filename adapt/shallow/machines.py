"""Support vector machines of inner products, whose C the labelled examples choose."""

import warnings
from typing import Any

import numpy as np

CHOICES = tuple(10.0**k for k in range(-3, 3))  # of C, those of alignment papers' released code
_ITERATIONS = 100_000  # bounds what an indefinite similarity would never end


def chosen(gram: np.ndarray, ys: np.ndarray, seed: int, weights: np.ndarray | None = None) -> float:
  """The first C of `CHOICES` with the best accuracy in two-fold cross-validation.

  Args:
    gram: inner products [n, n].
    ys: labels [n].
    seed: of the folds.
    weights: factors of C [n].

  Raises:
    ValueError: a class with one example.
  """
  from sklearn.model_selection import StratifiedKFold

  if (np.unique(ys, return_counts=True)[1] < 2).any():
    raise ValueError("a class has one source example: give two, so that C can be chosen")
  folds = list(StratifiedKFold(2, shuffle=True, random_state=seed).split(gram, ys))

  def accuracy(c: float) -> float:
    right = 0
    for fit, held in folds:
      own = None if weights is None else weights[fit]
      made = machine(gram[np.ix_(fit, fit)], ys[fit], c, own)
      right += int((made.predict(gram[np.ix_(held, fit)]) == ys[held]).sum())
    return right / len(ys)

  return max(CHOICES, key=accuracy)  # the first of equals


def machine(gram: np.ndarray, ys: np.ndarray, c: float, weights: np.ndarray | None = None) -> Any:
  """An SVM (one against one) on inner products of training examples.

  The products are [n, n].
  """
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.svm import SVC

  # Shrinking assumes a kernel that is positive; without it the solution is the same.
  made = SVC(C=c, kernel="precomputed", shrinking=False, max_iter=_ITERATIONS)
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    return made.fit(gram, ys, sample_weight=weights)
