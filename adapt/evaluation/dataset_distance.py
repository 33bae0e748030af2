"""Optimal transport between two data sets, with or without their labels.

In pure NumPy and SciPy.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from adapt.evaluation.domain_distances import frechet_distance

_MOST = 500  # examples of a domain: time is cubic


def wasserstein(
  xs: Float[np.ndarray, "n d"],
  xt: Float[np.ndarray, "m d"],
  *,
  most: int = _MOST,
  seed: int = 0,
) -> float:
  """Squared 2-Wasserstein distance of as many examples of each, drawn at random.

  Peyré & Cuturi (2019, arXiv:1803.00567), proposition 2.1: the optimal plan of two uniform samples of one
  size is an assignment. The distance of samples is above that of their distributions.

  Args:
    xs: source inputs.
    xt: target inputs.
    most: examples drawn of a domain.
    seed: of the draw.
  """
  i, j = _drawn(len(xs), len(xt), most, seed)
  return _assigned(cdist(_wide(xs, i), _wide(xt, j), "sqeuclidean"))


def otdd(
  xs: Float[np.ndarray, "n d"],
  ys: Int[np.ndarray, " n"],
  xt: Float[np.ndarray, "m d"],
  yt: Int[np.ndarray, " m"],
  *,
  most: int = _MOST,
  seed: int = 0,
) -> float:
  """OTDD: squared transport distance of labelled sets, labels as distributions.

  Alvarez-Melis & Fusi (NeurIPS 2020, arXiv:2002.02923), p = 2, classes as normal distributions: the cost
  of (x, y) and (x′, y′) is ‖x − x′‖² + W₂²(x | y, x | y′). A class with one example has no covariance and is
  left out.

  Args:
    xs: source inputs.
    ys: source labels.
    xt: target inputs.
    yt: target labels, or what a source model predicts there.
    most: examples drawn of a domain.
    seed: of the draw.

  Raises:
    ValueError: no class with two examples, or inputs that differ in shape.
  """
  (xs, ys), (xt, yt) = _with_pairs(xs, ys), _with_pairs(xt, yt)
  of_s, s = np.unique(ys, return_inverse=True)
  of_t, t = np.unique(yt, return_inverse=True)
  between = np.array([[frechet_distance(xs[ys == a], xt[yt == b]) for b in of_t] for a in of_s])
  i, j = _drawn(len(xs), len(xt), most, seed)
  cost = cdist(_wide(xs, i), _wide(xt, j), "sqeuclidean")
  return _assigned(cost + between[s[i]][:, t[j]])


def _with_pairs(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """The examples of classes that have two or more."""
  _, which, counts = np.unique(y, return_inverse=True, return_counts=True)
  if which.shape != (len(x),):
    raise ValueError(f"labels of shape {list(which.shape)} for {len(x)} examples: give one each")
  kept = counts[which] > 1
  if not kept.any():
    raise ValueError("no class has two examples: give more")
  return x[kept], y[kept]


def _drawn(n: int, m: int, most: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """As many rows of each; all of them, in order, where that is no draw."""
  size = min(n, m, most)
  if not size:
    raise ValueError(f"{n} and {m} examples: give at least one of each domain")
  rng = np.random.default_rng(seed)
  i, j = (np.arange(k) if k == size else rng.permutation(k)[:size] for k in (n, m))
  return i, j


def _wide(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
  found: np.ndarray = np.asarray(x[rows], np.float64)
  return found


def _assigned(cost: np.ndarray) -> float:
  return float(cost[linear_sum_assignment(cost)].mean())
