"""Regularised learning under label shift (Azizzadenesheli et al., ICLR 2019, arXiv:1903.09734)."""

import warnings

import numpy as np

from adapt.weights._label_shift import confusion, held_out, per_example, sharpness

FAMILY = "label shift"

NEEDS = ("scipy", "sklearn")


def rlls(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  penalty: float = 0.01,
  trust: float = 1.0,
  delta: float = 0.05,
  soft: bool = False,
  strength: float = 0.1,
  folds: int = 5,
  sample: int = 10000,
) -> np.ndarray:
  """Weights p_t(y) / p_s(y) from a confusion matrix, regularised by its uncertainty.

      w(y) ∝ 1 + trust · (v(y) − 1)
      v = argmin ‖C v − μ‖ + penalty · ρ · ‖v − 1‖,  v ≥ 0;  C, μ as in bbse
      ρ = 3 · (2a / (3n) + √(2a / n)),  a = log(2k / delta)

  They are drawn towards 1. Assumes label shift: p(x | y) is the same in both domains, and no class
  of the target is missing from the source. ρ is the bound on the error of C that the authors'
  program computes; v − 1 is the paper's θ, and trust its γ.

  Where re-implementations go wrong: both norms are *not* squared. With squares it is ridge
  regression, which always shrinks; without, no weight moves at all while ρ · penalty is below C's smallest
  singular value, and beyond that the directions of no information go. The authors' penalty, 0.01, was
  chosen on known weights.

  Time is that of the classifier; see `_label_shift.py`.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    penalty: strength of the shrinkage, in units of ρ.
    trust: 1 for the estimate, 0 for no weighting.
    delta: probability with which the bound ρ may fail.
    soft: average the classifier's probabilities, not its decisions.
    strength: inverse regularisation of the classifier (scikit-learn's C).
    folds: of the source, for predictions by classifiers that trained on the others.
    sample: most examples of a domain that the estimate uses.

  Returns:
    Weights [n], float32, mean 1, equal within a class.

  Raises:
    ValueError: a hyper-parameter out of range, one class, or too few examples of one.
  """
  if penalty < 0 or not 0 <= trust <= 1 or not 0 < delta < 1:
    raise ValueError(
      f"penalty {penalty}, trust {trust}, delta {delta}: choose ≥ 0, from 0 to 1, between 0 and 1"
    )
  held = held_out(xs, ys, xt, strength, folds, sample, "rlls")
  found = confusion(held, soft)
  smallest, noise = sharpness(found)
  if smallest <= noise:
    warnings.warn(
      f"rlls: the confusion matrix is nearly singular (smallest singular value {smallest:.1g}, noise "
      f"{noise:.1g}): the estimated class shares say little",
      stacklevel=2,
    )
  a, n = np.log(2 * len(found.target) / delta), len(held.labels)
  rho = 3 * (2 * a / (3 * n) + np.sqrt(2 * a / n))
  theta = solve(found.joint, found.target - found.joint.sum(axis=1), penalty * rho)
  return per_example(1 + trust * theta, ys, "rlls")


def solve(C: np.ndarray, b: np.ndarray, rho: float) -> np.ndarray:
  """Minimises ‖Cθ − b‖ + rho · ‖θ‖ over θ ≥ −1.

  The norms have corners at the very solutions that are sought, so no gradient is followed. Every
  minimiser is, for some t, one of ‖Cθ − b‖² + t · ‖θ‖², which is smooth: both trade the same two
  convex lengths. That leaves a search along t, whose objective has a single valley.
  """
  from scipy.optimize import nnls

  k = len(b)

  def ridge(log_t: float) -> np.ndarray:
    root = np.exp(0.5 * log_t)
    rows = np.concatenate([C, root * np.eye(k)])
    # θ = w − 1, w ≥ 0
    return nnls(rows, np.concatenate([b, np.zeros(k)]) + rows.sum(axis=1))[0] - 1

  def value(theta: np.ndarray) -> float:
    return float(np.linalg.norm(C @ theta - b) + rho * np.linalg.norm(theta))

  grid, best = np.linspace(-30.0, 10.0, 41), np.zeros(k)
  for _ in range(6):  # each pass looks ten times closer around the best
    values = [value(ridge(t)) for t in grid]
    centre, step = grid[int(np.argmin(values))], grid[1] - grid[0]
    best = min(best, ridge(centre), key=value)
    grid = np.linspace(centre - step, centre + step, 21)
  return best
