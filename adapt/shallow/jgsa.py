"""Joint geometrical and statistical alignment (Zhang, Li & Ogunbona, CVPR 2017, arXiv:1705.05498)."""

import numpy as np

from adapt.shallow.maps import Maps, double, nearest, unit
from adapt.shallow.transfer_components import conditional, leading, marginal


def jgsa(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  dim: int = 30,
  iterations: int = 10,
  subspace: float = 1.0,
  variance: float = 1.0,
  scatter: float = 0.1,
) -> Maps:
  """A projection for each domain: both close, and their classes' means too.

  Equation 11: max tr(Wᵀ [β S_b, 0; 0, μ S_t] W) / tr(Wᵀ [M_s + λI + β S_w, M_st − λI; M_ts − λI, M_t +
  (λ + μ)I] W) over W = [A; B], with S_w and S_b the source's scatter within and between classes, S_t
  the target's scatter, and M the gaps of means as in `jda`. The target's classes are guessed by the
  nearest source neighbour, first among the inputs.

  Departs from the paper as the authors' released code does: inputs and columns of W have unit length,
  and M is divided by the norm of M₀ alone, without which the published numbers do not come out.
  Departs from that code in nothing that was found. The projections are linear ("primal" there).

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    dim: number of components, 30 in the paper.
    iterations: 10 in the paper.
    subspace: how close the projections are, 1 in the paper (its λ).
    variance: of the target's scatter, 1 in the paper (its μ).
    scatter: of the source's classes, 0.1 in the paper for these data (its β).

  Raises:
    ValueError: a setting out of range.
  """
  from scipy.linalg import cholesky, solve_triangular

  d = xs.shape[1]
  weights = (subspace, variance, scatter)
  if not 0 < dim <= d or iterations < 1 or not min(weights) >= 0:
    raise ValueError(
      f"dim {dim}, iterations {iterations}, weights {weights}: choose 0 < dim ≤ {d}, at least an "
      "iteration, and weights of 0 or more"
    )
  s, t = unit(xs), unit(xt)
  within, between = _scatters(s, ys)
  centred = t - t.mean(0)
  above = np.zeros((2 * d, 2 * d))
  above[:d, :d], above[d:, d:] = scatter * between, variance * centred.T @ centred
  fixed = np.kron([[1, -1], [-1, 1]], subspace * np.eye(d)) + 1e-9 * np.eye(2 * d)
  fixed[:d, :d] += scatter * within
  fixed[d:, d:] += variance * np.eye(d)
  # With fixed = R Rᵀ and v = Rᵀ w, what changes with the labels is a rank of c + 1.
  root = cholesky(fixed, lower=True)
  half = solve_triangular(root, above, lower=True)
  whole = solve_triangular(root, half.T, lower=True)
  means = np.sqrt(len(np.unique(ys))) * marginal(len(s), len(t))
  guessed = nearest(s, ys, t)
  for _ in range(iterations):
    gaps = np.hstack([means, conditional(ys, guessed)]) / np.linalg.norm(means)
    f = np.concatenate([s.T @ gaps[: len(s)], t.T @ gaps[len(s) :]])  # [2d, c + 1]
    v = leading(whole, solve_triangular(root, f, lower=True), 1.0, dim)
    w = solve_triangular(root, v, lower=True, trans="T")
    a, b = np.split(w / np.linalg.norm(w, axis=0), 2)
    guessed = nearest(s @ a, ys, t @ b)
  return Maps(lambda x: unit(double(x)) @ a, lambda x: unit(double(x)) @ b)


def _scatters(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Within and between classes, [d, d] each, not divided by the number of examples."""
  within, between = np.zeros((2, x.shape[1], x.shape[1]))
  for c in np.unique(y):
    mean = x[y == c].mean(0)
    within += (x[y == c] - mean).T @ (x[y == c] - mean)
    between += (y == c).sum() * np.outer(mean - x.mean(0), mean - x.mean(0))
  return within, between
