"""Transfer joint matching (Long, Wang, Ding, Sun & Yu, CVPR 2014)."""

import numpy as np

from adapt.shallow.maps import Maps
from adapt.shallow.transfer_components import basis, embedding, marginal, solve

_EPS = np.finfo(np.float64).eps


def tjm(
  xs: np.ndarray,
  xt: np.ndarray,
  *,
  dim: int = 20,
  ridge: float = 1.0,
  iterations: int = 10,
  bandwidth: float = 0.0,
) -> Maps:
  """Components whose means meet, made of few source examples.

  Equations 8 to 10: min tr(Aᵀ K M₀ Kᵀ A) + ridge (‖A_s‖₂,₁ + ‖A_t‖²), subject to Aᵀ K H Kᵀ A = I: the
  norm that is a sum of rows' lengths leaves out source examples that are unlike the target. It is
  solved by reweighting the rows, G_ii = 1 / ‖a_i‖ for source examples and 1 for target examples.

  Departs from the paper as the authors' released code does: 1 / ‖a_i‖ without its factor ½, inputs
  and columns of A of unit length, M₀ of Frobenius norm 1. Departs from that code in nothing found.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    dim: number of components, 20 in the paper.
    ridge: weight of the rows' lengths, 1 in the paper (its λ).
    iterations: 10 in the paper.
    bandwidth: of a Gaussian kernel, times the median squared distance; 0: linear.

  Raises:
    ValueError: a setting out of range.
  """
  if iterations < 1:
    raise ValueError(f"iterations is {iterations}: choose at least 1")
  n = len(xs)
  found = basis(xs, xt, bandwidth, "tjm")
  gap, penalties = marginal(n, len(xt)), None
  for _ in range(iterations):
    a = solve(found, gap, dim, ridge, penalties)
    penalties = np.ones(len(a))
    penalties[:n] = 1 / (np.linalg.norm(a[:n], axis=1) + _EPS)
  return embedding(found, a, scaled=False)
