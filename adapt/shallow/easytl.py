"""Easy transfer learning (Wang, Chen, Yu, Huang & Yang, ICME 2019, arXiv:1904.01376)."""

from collections.abc import Callable

import numpy as np


def easytl(xs: np.ndarray, ys: np.ndarray, xt: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
  """Nearest class mean of the source, every class having some example.

  Equations 2 to 6: min Σ_cj D_cj M_cj over M ≥ 0 with Σ_c M_cj = 1 and Σ_j M_cj ≥ 1, D the squared
  distance of example j to the mean of class c. Where the nearest means already give every class an
  example they are the solution; else a linear programme is solved, over the examples that are asked for
  together. After `coral` it is the paper's EasyTL, alone its EasyTL(c).

  Departs from the authors' code in nothing that was found.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d]: not needed, as the classes' means are the source's.

  Returns:
    Target inputs [b, d] → classes [b].
  """
  del xt
  classes = np.unique(ys)
  means = np.stack([xs[ys == c].mean(0) for c in classes])

  def predict(x: np.ndarray) -> np.ndarray:
    distances = ((x[:, None] - means) ** 2).sum(2)  # [b, c]
    chosen = distances.argmin(1)
    if len(x) >= len(classes) > len(np.unique(chosen)):
      chosen = _assigned(distances)
    return np.asarray(classes[chosen])

  return predict


def _assigned(distances: np.ndarray) -> np.ndarray:
  """The cheapest class [b] of each example so that each class has one; distances [b, c]."""
  from scipy.optimize import linprog
  from scipy.sparse import eye, kron

  b, c = distances.shape
  each, every = kron(eye(b), np.ones((1, c))), kron(np.ones((1, b)), eye(c))
  found = linprog(
    distances.ravel(), A_ub=-every, b_ub=-np.ones(c), A_eq=each, b_eq=np.ones(b), method="highs-ds"
  )
  return np.asarray(found.x.reshape(b, c).argmax(1))  # a vertex: all 0 or 1
