"""Estimates a target's class shares from a source model's probabilities.

The method is black box shift estimation.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.stats import norm

LEVEL = 0.05  # of tests
_WORST_CONDITION = 25.0  # of P(predicted | label), from which on class shares are noise
_BOOTSTRAPS = 200


class ClassShares(NamedTuple):
  """Class shares of a source and a target under label shift.

  The target's are right if p(x | y) is the same in both.
  """

  classes: tuple[str, ...]
  source: tuple[float, ...]
  target: tuple[float, ...]
  errors: tuple[float, ...]  # bootstrap standard errors of target − source
  condition: float  # of the confusion matrix P(predicted | label)
  moved: bool  # whether a share differs, at LEVEL, Bonferroni-corrected over classes
  p_value: float | None  # of inputs once the source has the target's shares; None: not moved

  @property
  def explain(self) -> bool:
    """Whether a change of class shares explains the difference of the domains.

    It does if the shares have moved and the inputs no longer differ once they are equal.
    """
    return self.moved and self.p_value is not None and self.p_value >= LEVEL


def class_shares(
  p: Float[np.ndarray, "n k"],
  labels: Int[np.ndarray, " n"],
  new: Float[np.ndarray, "m k"],
  classes: tuple[str, ...],
) -> ClassShares | None:
  """Estimates class shares of the target; None if the data cannot tell.

  Black box shift estimation (Lipton, Wang & Smola, ICML 2018), section 4, with probabilities: solves
  C w = μ, C_ij = mean of p_i 1[label j], μ_i = mean of p_i in the target.

  Args:
    p: [n, k] for source examples that the model has not seen.
    labels: [n] of those.
    new: [m, k] for target examples.
    classes: names of the k classes.
  """
  shown = np.eye(p.shape[1])[labels]
  source, target, condition = _shares(p, shown, new)
  if target is None:
    return None
  rng = np.random.default_rng(0)
  drawn: list[np.ndarray] = []
  for _ in range(_BOOTSTRAPS):
    i, j = rng.integers(len(p), size=len(p)), rng.integers(len(new), size=len(new))
    if not shown[i].any(axis=0).all():
      continue
    before, after, _ = _shares(p[i], shown[i], new[j], np.inf)
    if after is not None:
      drawn.append(after - before)
  errors = np.std(drawn, axis=0) if len(drawn) > _BOOTSTRAPS // 2 else np.full(len(source), np.inf)
  reach = norm.ppf(1 - LEVEL / (2 * len(source))) * errors
  differs = bool((np.abs(target - source) > np.maximum(reach, 1e-9)).any())
  own, other, spread = (tuple(map(float, v)) for v in (source, target, errors))
  return ClassShares(classes, own, other, spread, condition, differs, None)


def _shares(
  p: np.ndarray, shown: np.ndarray, new: np.ndarray, worst: float = _WORST_CONDITION
) -> tuple[np.ndarray, np.ndarray | None, float]:
  """Class shares of source and target, and the condition of P(predicted | label)."""
  source = shown.mean(axis=0)
  given = p.T @ shown / shown.sum(axis=0)
  condition = float(np.linalg.cond(given))
  if not condition < worst:
    return source, None, condition
  target = np.maximum(np.linalg.solve(given, new.mean(axis=0)), 0.0)
  return source, target / target.sum(), condition
