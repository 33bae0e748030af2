"""Manifold embedded distribution alignment (Wang et al., ACM Multimedia 2018, arXiv:1807.07258)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from adapt.shallow.maps import double, nearest, unit
from adapt.shallow.transfer_components import conditional, marginal


def meda(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  balance: float = -1.0,
  alignment: float = 10.0,
  shrinkage: float = 0.1,
  manifold: float = 1.0,
  neighbours: int = 10,
  iterations: int = 10,
) -> Callable[[np.ndarray], np.ndarray]:
  """A kernel classifier that aligns means and is smooth over neighbours.

  Equations 12 to 15: f = Σ_i β_i k(x_i, ·), β = ((E + λM + ρL) K + ηI)⁻¹ E Y: least squares on the
  source's one-hot labels Y, where E keeps source examples, M = (1 − μ) M₀ + μ Σ_c M_c and L is the
  normalised Laplacian of the graph of cosine neighbours. k is exp(−‖x − y‖² / 2) of inputs of unit
  length. The paper's method has the inputs mapped by `gfk` of 20 dimensions before. The target's
  classes are guessed first by nearest neighbours, then by f.

  Departs from the authors' code in the linear classifier whose errors estimate μ: an exact SVM with
  C = 1 in place of MATLAB's stochastic solver of the same problem.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    balance: the paper's μ, 0 to 1; -1: estimated at every iteration by A-distances.
    alignment: weight of M, 10 in the paper (its λ).
    shrinkage: weight of f's norm, 0.1 in the paper (its η).
    manifold: weight of L, 1 in the paper (its ρ).
    neighbours: of an example in the graph, 10 in the paper.
    iterations: 10 in the paper.

  Returns:
    Target inputs [b, d] → classes [b].

  Raises:
    ValueError: a setting out of range.
  """
  from scipy.linalg import lu_factor, lu_solve

  if iterations < 1 or neighbours < 1 or not (0 <= balance <= 1 or balance == -1):
    raise ValueError(
      f"iterations {iterations}, neighbours {neighbours}, balance {balance}: choose at least 1, at "
      "least 1, and 0 to 1 or -1"
    )
  n, classes = len(xs), np.unique(ys)
  x = np.concatenate([unit(xs), unit(xt)])
  k = _gaussian(x, x)
  smooth = manifold * (_laplacian(x, neighbours) @ k)
  labelled = np.concatenate([np.ones(n), np.zeros(len(xt))])[:, None]
  onehot = np.zeros((len(x), len(classes)))
  onehot[:n] = ys[:, None] == classes
  means = np.sqrt(len(classes)) * marginal(n, len(xt))
  apart = _a_distance(double(xs), double(xt)) if balance == -1 else 0.0
  guessed = nearest(x[:n], ys, x[n:])
  factors = lu_factor(
    labelled * k + smooth + shrinkage * np.eye(len(x))
  )  # all but M, of few columns
  free = lu_solve(factors, onehot)
  for _ in range(iterations):
    mu = balance if balance != -1 else _balance(xs, ys, xt, guessed, apart)
    gaps = np.hstack([np.sqrt(1 - mu) * means, np.sqrt(mu) * conditional(ys, guessed)])
    own = lu_solve(factors, alignment * gaps / np.linalg.norm(gaps.T @ gaps))
    pull = gaps.T @ k
    beta = free - own @ np.linalg.solve(np.eye(gaps.shape[1]) + pull @ own, pull @ free)
    guessed = classes[(k[n:] @ beta).argmax(1)]
  return lambda new: np.asarray(classes[(_gaussian(unit(new), x) @ beta).argmax(1)])


def _gaussian(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  """exp(−‖x − y‖² / 2), [b, c] of x [b, d] and y [c, d]."""
  from sklearn.metrics.pairwise import rbf_kernel

  return np.asarray(rbf_kernel(x, y, gamma=0.5))


def _laplacian(x: np.ndarray, neighbours: int) -> Any:
  """Sparse I − D^(-½) S D^(-½) [n, n] of unit examples, S their cosines where they are neighbours."""
  from scipy.sparse import csr_matrix

  cosine = x @ x.T
  # An example is its own nearest, at 1.
  found = np.argsort(-cosine, axis=1, kind="stable")[:, : neighbours + 1]
  s = np.zeros_like(cosine)
  np.put_along_axis(s, found, np.take_along_axis(cosine, found, 1), 1)
  s = np.maximum(s, s.T)
  root = 1 / np.sqrt(np.maximum(s.sum(1), 1e-12))
  return csr_matrix(np.eye(len(x)) - root[:, None] * s * root)


def _balance(
  xs: np.ndarray, ys: np.ndarray, xt: np.ndarray, guessed: np.ndarray, apart: float
) -> float:
  """μ (section 4.4): the classes' mean A-distance over its sum with the domains' own."""
  shared = [c for c in np.unique(ys) if (guessed == c).any()]
  total = sum(_a_distance(double(xs[ys == c]), double(xt[guessed == c])) for c in shared)
  mean = total / len(np.unique(ys))
  return float(np.clip(mean / max(mean + apart, 1e-12), 0, 1))


def _a_distance(a: np.ndarray, b: np.ndarray) -> float:
  """2 (1 − 2 · error) of a linear SVM that tells a [n, d] from b [m, d], on what it has seen."""
  from sklearn.svm import SVC

  x, y = np.concatenate([a, b]), np.arange(len(a) + len(b)) < len(a)
  error = 1 - SVC(C=1.0, kernel="linear").fit(x, y).score(x, y)
  return float(2 * (1 - 2 * error))
