"""What classifies shallow features: a support vector machine whose C the source chooses, or 1-NN."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from adapt import catalogue
from adapt.shallow.easytl import easytl
from adapt.shallow.jdot import jdot
from adapt.shallow.maps import Maps, nearest
from adapt.shallow.meda import meda

# linear, rbf: on mapped features. similarity: what released code of alignment papers does, an SVM
# whose "kernel" is the inner product of a mapped source example with one mapped as the target's are,
# x Ms Mtᵀ yᵀ: neither symmetric nor positive in general. nn: one nearest neighbour, Euclidean.
KINDS = ("linear", "rbf", "similarity", "nn")
# What adapts by itself: NAME(xs, ys, xt, *, hyper-parameters) -> function of target inputs to classes.
ADAPTIVE: dict[str, Callable[..., Callable[[np.ndarray], np.ndarray]]] = {
  f.__name__: f for f in (easytl, meda, jdot)
}
CHOICES = tuple(10.0**k for k in range(-3, 3))  # of C, those of that released code
_ITERATIONS = 100_000  # bounds what an indefinite similarity would never end
_ROWS = 1000  # of a block of target examples


class Machine(NamedTuple):
  """A fitted classifier."""

  predict: Callable[[np.ndarray], np.ndarray]  # target inputs [m, d] → classes [m]
  c: float | None  # the C chosen; None without one


def fit(
  kind: str,
  maps: Maps,
  xs: np.ndarray,
  ys: np.ndarray,
  seed: int,
  weights: np.ndarray | None = None,
) -> Machine:
  """Fits on mapped labelled source examples; what it predicts are target examples, mapped as those are.

  C is the first of `CHOICES` with the best accuracy in two-fold cross-validation on the source: no
  target label is asked.

  Args:
    kind: one of `KINDS`.
    maps: of a transform.
    xs: source inputs [n, d].
    ys: source labels [n].
    seed: of the folds.
    weights: of the source examples [n], factors of C; nearest neighbours take none.

  Raises:
    ValueError: an unknown kind, weights for nearest neighbours, or a class with one example.
  """
  if kind not in KINDS:
    raise ValueError(f"unknown classifier '{kind}': choose from {', '.join(KINDS)}")
  source = maps.source(xs)
  if kind == "nn":
    if weights is not None:
      raise ValueError("nearest neighbours take no weights: choose another classifier")
    return Machine(lambda x: nearest(source, ys, maps.target(x)), None)
  gram = _inner(kind, maps.target(xs) if kind == "similarity" else source, source).T
  c = _chosen(gram, ys, seed, weights)
  machine = _machine(gram, ys, c, weights)

  def predict(x: np.ndarray) -> np.ndarray:
    starts = range(0, len(x), _ROWS)
    blocks = [_inner(kind, maps.target(x[i : i + _ROWS]), source) for i in starts]
    return np.concatenate([machine.predict(block) for block in blocks])

  return Machine(predict, c)


def adapted(
  name: str,
  maps: Maps,
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  given: Mapping[str, Any],
) -> Machine:
  """A classifier that adapts by itself, fitted on mapped examples of both domains.

  Args:
    name: one of `ADAPTIVE`.
    maps: of a transform.
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    given: hyper-parameters that are not its defaults.

  Raises:
    ValueError: an unknown name.
  """
  if name not in ADAPTIVE:
    raise ValueError(catalogue.unknown("classifier", name, (*KINDS, *ADAPTIVE)))
  predict = ADAPTIVE[name](maps.source(xs), ys, maps.target(xt), **given)
  return Machine(lambda x: predict(maps.target(x)), None)


def _inner(kind: str, x: np.ndarray, source: np.ndarray) -> np.ndarray:
  """[m, n] of mapped examples x [m, k] and mapped source examples [n, k]."""
  if kind != "rbf":
    return np.asarray(x @ source.T)
  from sklearn.metrics.pairwise import rbf_kernel

  # A γ of one over the number of features is libsvm's own default.
  return np.asarray(rbf_kernel(x, source))


def _chosen(gram: np.ndarray, ys: np.ndarray, seed: int, weights: np.ndarray | None) -> float:
  from sklearn.model_selection import StratifiedKFold

  if (np.unique(ys, return_counts=True)[1] < 2).any():
    raise ValueError("a class has one source example: give two, so that C can be chosen")
  folds = list(StratifiedKFold(2, shuffle=True, random_state=seed).split(gram, ys))

  def accuracy(c: float) -> float:
    right = 0
    for fit, held in folds:
      own = None if weights is None else weights[fit]
      machine = _machine(gram[np.ix_(fit, fit)], ys[fit], c, own)
      right += int((machine.predict(gram[np.ix_(held, fit)]) == ys[held]).sum())
    return right / len(ys)

  return max(CHOICES, key=accuracy)  # the first of equals


def _machine(gram: np.ndarray, ys: np.ndarray, c: float, weights: np.ndarray | None) -> Any:
  """An SVM, one against one, of the inner products [n, n] of training examples."""
  from sklearn.exceptions import ConvergenceWarning
  from sklearn.svm import SVC

  # Shrinking assumes a kernel that is positive; without it the solution is the same.
  machine = SVC(C=c, kernel="precomputed", shrinking=False, max_iter=_ITERATIONS)
  with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    return machine.fit(gram, ys, sample_weight=weights)
