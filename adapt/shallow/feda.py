"""Frustratingly easy domain adaptation (Daumé III, ACL 2007, arXiv:0907.1815), and its baseline."""

from collections.abc import Callable

import numpy as np

from adapt.shallow import machines
from adapt.shallow.maps import double

Predict = Callable[[np.ndarray], np.ndarray]


def feda(
  xs: np.ndarray, ys: np.ndarray, xl: np.ndarray, yl: np.ndarray, *, seed: int = 0
) -> Predict:
  """A linear SVM on features with shared and own copies.

  Section 3.1: a source example becomes [x, x, 0], a target example [x, 0, x], so that inner products
  within a domain count twice. Labelled examples of both domains train, no unlabelled ones.

  Departs from the paper in the learner, which is open there; C is the best of two-fold
  cross-validation on all labelled examples.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xl: labelled target inputs [m, d].
    yl: their labels [m].
    seed: of the folds.

  Returns:
    Target inputs [b, d] → classes [b].
  """
  return _trained(xs, ys, xl, yl, seed, shared=0.5)


def source_and_target(
  xs: np.ndarray, ys: np.ndarray, xl: np.ndarray, yl: np.ndarray, *, seed: int = 0
) -> Predict:
  """A linear SVM on the labelled examples of both domains, pooled.

  The baseline "All" of the paper. C as in `feda`.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xl: labelled target inputs [m, d].
    yl: their labels [m].
    seed: of the folds.

  Returns:
    Target inputs [b, d] → classes [b].
  """
  return _trained(xs, ys, xl, yl, seed, shared=1.0)


def _trained(
  xs: np.ndarray, ys: np.ndarray, xl: np.ndarray, yl: np.ndarray, seed: int, shared: float
) -> Predict:
  """An SVM of inner products that count `shared` times as much between the domains as within."""
  factor = 1 / shared  # within
  x, y = double(np.concatenate([xs, xl])), np.concatenate([ys, yl])
  target = np.arange(len(x)) >= len(xs)
  gram = x @ x.T * np.where(target[:, None] == target, factor, 1.0)
  made = machines.machine(gram, y, machines.chosen(gram, y, seed))
  scale = np.where(target, factor, 1.0)
  return lambda new: np.asarray(made.predict(double(new) @ x.T * scale))
