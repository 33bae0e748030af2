"""Predicts values from shallow features, by ridge regression.

The source chooses its λ. What is here has the names of what `classifier` has for classes.
"""

import functools
from collections.abc import Callable

import numpy as np

from adapt import catalogue
from adapt.shallow import classifier
from adapt.shallow.classifier import Fitting, Machine
from adapt.shallow.jdot_values import jdot_values
from adapt.shallow.maps import Maps
from adapt.shallow.tradaboost_r2 import tradaboost_r2

KINDS = ("linear", "rbf")  # ridge regression on mapped features, and with a Gaussian kernel
ADAPTIVE: dict[str, Fitting] = {"jdot_values": jdot_values}
LABELLED: dict[str, Fitting] = {"tradaboost_r2": tradaboost_r2}
CHOICES = tuple(10.0**k for k in range(-3, 4))  # of λ
CHOSEN = {"lambda": list(CHOICES), "folds": 2}
UNCHOSEN = (*ADAPTIVE, *LABELLED)


def fit(
  kind: str,
  maps: Maps,
  xs: np.ndarray,
  ys: np.ndarray,
  seed: int,
  weights: np.ndarray | None = None,
) -> Machine:
  """Fits ridge regression on mapped source examples, to predict mapped target ones.

  λ is the first of `CHOICES` with the least squared error in two-fold cross-validation on the source: no
  target label is asked. The Gaussian kernel is exp(−‖x − y‖² / median squared distance).

  Args:
    kind: one of `KINDS`.
    maps: of a transform.
    xs: source inputs [n, d].
    ys: source values [n, c].
    seed: of the folds.
    weights: of the source examples [n], factors of their squared errors.

  Raises:
    ValueError: an unknown kind, fewer than two examples, or a fold whose weights are all 0.
  """
  from sklearn.model_selection import KFold

  if kind not in KINDS:
    raise ValueError(catalogue.unknown("regressor", kind, (*KINDS, *ADAPTIVE, *LABELLED)))
  if len(xs) < 2:
    raise ValueError(f"λ is chosen by two folds of {len(xs)} source examples: give at least 2")
  x, w = maps.source(xs), np.ones(len(ys)) if weights is None else weights
  folds = list(KFold(2, shuffle=True, random_state=seed).split(x))
  if not all(w[a].any() for a, _ in folds):
    raise ValueError(
      "the weights of half the source examples are 0: λ cannot be chosen by two folds"
    )

  def error(strength: float) -> float:
    made = (_ridge(kind, x[a], ys[a], w[a], strength)(x[b]) - ys[b] for a, b in folds)
    return sum(
      float(w[b] @ (apart**2).sum(axis=1)) for apart, (_, b) in zip(made, folds, strict=True)
    )

  chosen = min(CHOICES, key=error)  # the first of equals
  predict = _ridge(kind, x, ys, w, chosen)
  return Machine(lambda new: predict(maps.target(new)), chosen)


def _ridge(
  kind: str, x: np.ndarray, y: np.ndarray, w: np.ndarray, strength: float
) -> Callable[[np.ndarray], np.ndarray]:
  """Ridge regression; of a kernel the mean label is the intercept."""
  from sklearn.kernel_ridge import KernelRidge
  from sklearn.linear_model import Ridge

  from adapt.weights._kernels import median

  if kind == "linear":
    made = Ridge(alpha=strength).fit(x, y, sample_weight=w)
    return lambda new: np.asarray(made.predict(new)).reshape(len(new), -1)
  mean = np.average(y, axis=0, weights=w)
  gamma = 1 / median(x[:: max(1, len(x) // 2000)], "rbf")
  machine = KernelRidge(alpha=strength, kernel="rbf", gamma=gamma)
  machine.fit(x, y - mean, sample_weight=w)
  return lambda new: np.asarray(machine.predict(new)) + mean


# What is known by name is fitted on mapped examples as classifiers are.
adapted = functools.partial(classifier.adapted, known=ADAPTIVE)
labelled = functools.partial(classifier.labelled, known=LABELLED)
