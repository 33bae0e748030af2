"""Balanced distribution adaptation (Wang, Chen, Hao, Feng & Shen, ICDM 2017, arXiv:1807.00516)."""

import numpy as np

from adapt.shallow.maps import Maps
from adapt.shallow.transfer_components import conditional, iterate, marginal


def bda(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  balance: float = 0.5,
  weighted: bool = False,
  dim: int = 100,
  ridge: float = 0.1,
  iterations: int = 10,
  bandwidth: float = 0.0,
) -> Maps:
  """JDA with a weight between the means of domains and of classes.

  Equations 5 and 9: M = (1 − balance) M₀ + balance Σ_c M_c. `weighted` (W-BDA) gives each side of M_c
  its domain's share of the class, so that classes may be of other sizes in the target. At 0.5
  unweighted it is `jda`.

  Departs from the authors' code in that `balance` is a setting: theirs is the best on target labels,
  so the published rows are no protocol without labels.

  Args:
    xs: source inputs [n, d].
    ys: source labels [n].
    xt: target inputs [m, d].
    balance: from 0 (means of the domains alone) to 1 (classes alone), the paper's μ.
    weighted: weigh classes by their shares.
    dim: number of components, 100 in the authors' demo.
    ridge: weight of A's norm, 0.1 in the authors' demo (its λ).
    iterations: 10 in the paper.
    bandwidth: of a Gaussian kernel, times the median squared distance; 0: linear.

  Raises:
    ValueError: a setting out of range.
  """
  if not 0 <= balance <= 1:
    raise ValueError(f"balance is {balance}: choose 0 to 1")
  n = len(xs)
  classes = np.unique(ys)
  means = np.sqrt(len(classes)) * marginal(n, len(xt))

  def gaps(guessed: np.ndarray | None) -> np.ndarray:
    if guessed is None:
      return means
    of_classes = conditional(ys, guessed)
    if weighted:
      of_classes[:n] *= np.sqrt([(ys == c).mean() for c in classes])
      of_classes[n:] *= np.sqrt([(guessed == c).mean() for c in classes])
    return np.hstack([np.sqrt(1 - balance) * means, np.sqrt(balance) * of_classes])

  return iterate((xs, ys, xt), gaps, dim, ridge, iterations, bandwidth, "bda")
