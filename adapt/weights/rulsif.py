"""RuLSIF: relative density ratios (Yamada et al., Neural Computation 25, 2013, arXiv:1106.4729)."""

import numpy as np

from adapt.weights._content import mean_one
from adapt.weights._kernels import BANDWIDTHS, choices, distances
from adapt.weights.ulsif import RIDGES

FAMILY = "covariate shift"

NEEDS = ("sklearn",)
OUTPUTS = ("classes", "values")


def rulsif(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  alpha: float = 0.1,
  bandwidth: float = 0.0,
  ridge: float = 0.0,
  centres: int = 100,
  folds: int = 5,
) -> np.ndarray:
  """Weights p_t(x) / (alpha · p_t(x) + (1 − alpha) · p_s(x)): a ratio that is bounded by 1/alpha.

  Assumes covariate shift: p(y | x) is the same in both domains. The plain ratio of two densities is
  often unbounded and hard to estimate; this one is bounded and smoother. It is fitted as in uLSIF,
  with H = alpha · (mean over the target of φφᵀ) + (1 − alpha) · (mean over the source of φφᵀ);
  width and ridge have the lowest held-out error (k-fold, as the paper).

  Where re-implementations go wrong: they exchange the roles. alpha goes with the *target* (the
  numerator) in H; alpha = 0 is then the plain ratio and alpha = 1 no weighting. And the mean over
  the source of the relative ratio is not 1, but less; it is divided by it here, so weights may exceed
  1/alpha. The paper leaves negative values of the fitted ratio; they become 0 here.

  Time and memory are linear in n and m, times centres; see `_kernels.py`.

  Args:
    xs: source inputs [n, d]; not standardised.
    ys: source labels [n]; unused.
    xt: target inputs [m, d].
    alpha: 0 for the plain ratio, towards 1 for flatter weights; below 1.
    bandwidth: of the kernel, as a multiple of the median squared distance; 0: cross-validated.
    ridge: strength of the penalty; 0: cross-validated.
    centres: number of kernels; the paper takes 100.
    folds: of the cross-validation, over source and target examples.

  Returns:
    Weights [n], float32, mean 1.

  Raises:
    ValueError: alpha outside [0, 1), too few examples, no distances, or no positive ratio.
  """
  del ys
  if not 0 <= alpha < 1:
    raise ValueError(f"alpha is {alpha}: choose from 0 to below 1")
  fewest = min(len(xs), len(xt))
  if not 2 <= folds <= fewest:
    raise ValueError(f"folds is {folds}: choose from 2 to {fewest}, the examples of a domain")
  widths = choices("bandwidth", bandwidth, BANDWIDTHS)
  ridges = choices("ridge", ridge, RIDGES)
  to = distances(xs, xt, centres, "rulsif")
  best, ratio = np.inf, np.zeros(len(xs))
  for width in widths:
    source, target = np.exp(-to.source / width), np.exp(-to.target / width)
    errors = held_out(source[to.order], target, alpha, ridges, folds)
    if min(errors) < best:
      best = min(errors)
      ratio = source @ fit(*moments(source, target, alpha), ridges[int(np.argmin(errors))])
  return mean_one(np.maximum(ratio, 0.0), "rulsif")


def moments(source: np.ndarray, target: np.ndarray, alpha: float) -> tuple[np.ndarray, np.ndarray]:
  """H [b, b] and h [b] of φ at the source [n, b] and at the target [m, b]."""
  of_source, of_target = source.T @ source / len(source), target.T @ target / len(target)
  return alpha * of_target + (1 - alpha) * of_source, target.mean(axis=0)


def fit(H: np.ndarray, h: np.ndarray, ridge: float) -> np.ndarray:
  """The coefficients θ [b] that minimise ½ θᵀHθ − hᵀθ + ridge/2 · ‖θ‖²."""
  return np.linalg.solve(H + ridge * np.eye(len(h)), h)


def held_out(
  source: np.ndarray, target: np.ndarray, alpha: float, ridges: tuple[float, ...], folds: int
) -> list[float]:
  """The mean over folds of ½ θᵀHθ − hᵀθ, θ from the other folds; one per ridge."""
  fold_s, fold_t = np.arange(len(source)) % folds, np.arange(len(target)) % folds
  errors = np.zeros(len(ridges))
  for k in range(folds):
    train = moments(source[fold_s != k], target[fold_t != k], alpha)
    H, h = moments(source[fold_s == k], target[fold_t == k], alpha)
    for i, ridge in enumerate(ridges):
      theta = fit(*train, ridge)
      errors[i] += (0.5 * theta @ H @ theta - h @ theta) / folds
  return list(errors)
