"""RuLSIF: relative density ratios (Yamada et al., Neural Computation 25, 2013, arXiv:1106.4729)."""

import numpy as np

from adapt.weights import _stages
from adapt.weights._content import mean_one
from adapt.weights._kernels import (
  BANDWIDTHS,
  WHOLE,
  Distances,
  choices,
  distances,
  first_moment,
  fitting,
  form,
  ratios,
  second_moment,
)
from adapt.weights.ulsif import RIDGES

FAMILY = "covariate shift"

NEEDS = ("sklearn",)
FORM = form
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
  """Weights by the relative density ratio, bounded by 1/alpha.

      w(x) ∝ max(0, θᵀφ(x))      θ = (H + ridge · I)⁻¹ E φ(xₜ)
      H = alpha · E[φ(xₜ) φ(xₜ)ᵀ] + (1 − alpha) · E[φ(xₛ) φ(xₛ)ᵀ]
      φⱼ(x) = exp(−‖x − cⱼ‖² / (bandwidth · median)),  cⱼ of the target

  The ratio estimated is pₜ(x) / (alpha · pₜ(x) + (1 − alpha) · pₛ(x)).

  Assumes covariate shift: p(y | x) is the same in both domains. The plain ratio of two densities is
  often unbounded and hard to estimate; this one is bounded and smoother. It is fitted as in uLSIF,
  with another H; width and ridge have the lowest held-out error (k-fold, as the paper).

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
  best, chosen, theta = np.inf, widths[0], np.zeros(to.target.shape[1])
  for i, width in enumerate(widths, 1):
    _stages.at(f"width {i} of {len(widths)}")
    with fitting(max(len(xs), len(xt))):
      errors = held_out(to, width, alpha, ridges, folds)
      if min(errors) < best:
        best, chosen = min(errors), width
        theta = fit(*moments(to.source, to.target, width, alpha), ridges[int(np.argmin(errors))])
  return mean_one(np.maximum(ratios(to.source, chosen, theta), 0.0), "rulsif")


def moments(
  to_source: np.ndarray, to_target: np.ndarray, width: float, alpha: float
) -> tuple[np.ndarray, np.ndarray]:
  """The moments H [b, b] and h [b] of the kernels.

  Distances to the kernels are [n, b] of the source and [m, b] of the target.
  """
  of_source, of_target = second_moment(to_source, width), second_moment(to_target, width)
  return alpha * of_target + (1 - alpha) * of_source, first_moment(to_target, width)


def fit(H: np.ndarray, h: np.ndarray, ridge: float) -> np.ndarray:
  """Fits the coefficients θ [b] of the kernels.

  They minimise ½ θᵀHθ − hᵀθ + ridge/2 · ‖θ‖².
  """
  return np.linalg.solve(H + ridge * np.eye(len(h)), h)


def held_out(
  to: Distances, width: float, alpha: float, ridges: tuple[float, ...], folds: int
) -> list[float]:
  """Held-out error ½ θᵀHθ − hᵀθ, averaged over folds, per ridge.

  θ is fitted on the other folds.
  """
  fold_s, fold_t = np.arange(len(to.order)) % folds, np.arange(len(to.target)) % folds
  errors = np.zeros(len(ridges))

  def of(chosen_s: np.ndarray, chosen_t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return moments(to.source[to.order[chosen_s]], to.target[chosen_t], width, alpha)

  each = [of(fold_s == k, fold_t == k) for k in range(folds)]
  for k, (H, h) in enumerate(each):
    if max(len(fold_s), len(fold_t)) <= WHOLE:
      train = of(fold_s != k, fold_t != k)
    else:  # folds of thousands are equal but for one example in each: their means are averaged
      others = [each[j] for j in range(folds) if j != k]
      train = np.mean([H for H, _ in others], axis=0), np.mean([h for _, h in others], axis=0)
    for i, ridge in enumerate(ridges):
      theta = fit(*train, ridge)
      errors[i] += (0.5 * theta @ H @ theta - h @ theta) / folds
  return list(errors)
