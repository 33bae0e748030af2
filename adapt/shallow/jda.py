"""Joint distribution adaptation (Long, Wang, Ding, Sun & Yu, ICCV 2013)."""

import numpy as np

from adapt.shallow.maps import Maps
from adapt.shallow.transfer_components import conditional, iterate, marginal


def jda(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  dim: int = 100,
  ridge: float = 1.0,
  iterations: int = 10,
  bandwidth: float = 0.0,
) -> Maps:
  """Components in which the means of domains and of classes meet.

  Equations 7 to 10: min tr(Aᵀ K (M₀ + Σ_c M_c) Kᵀ A) + ridge ‖A‖², subject to Aᵀ K H Kᵀ A = I. The
  target's classes are guessed by the nearest source neighbour among the components, and again after
  every solution; the first solution has M₀ alone, so `iterations=1` is TCA as that code has it.

  Departs from the paper as the authors' released code does: inputs and components have unit length,
  columns of A too, M₀ weighs as many times more as there are classes, and M has Frobenius norm 1. The
  published numbers come from these. Departs from that code in nothing that was found.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    dim: number of components, 100 in the paper.
    ridge: weight of A's norm, 1 in the paper for these data (its λ).
    iterations: 10 in the paper.
    bandwidth: of a Gaussian kernel, times the median squared distance; 0: linear.

  Raises:
    ValueError: a setting out of range.
  """
  means = np.sqrt(len(np.unique(ys))) * marginal(len(xs), len(xt))

  def gaps(guessed: np.ndarray | None) -> np.ndarray:
    return means if guessed is None else np.hstack([means, conditional(ys, guessed)])

  return iterate((xs, ys, xt), gaps, dim, ridge, iterations, bandwidth, "jda")
