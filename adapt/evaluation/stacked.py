"""Accuracy estimated from several scores at once, with an interval.

The estimate is by ridge regression, the interval by conformal prediction.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PENALTY = 30.0  # on slopes of standardised differences, against residuals in accuracy
BASE = "cot"  # the estimate that the others correct
LEVEL = 0.9  # of intervals


class Stacked(NamedTuple):
  """Linear correction of one accuracy estimate, and its interval.

  The interval is that of its errors on other groups.
  """

  names: tuple[str, ...]  # of the scores whose differences from BASE correct it
  means: tuple[float, ...]  # of the differences
  spreads: tuple[float, ...]
  slopes: tuple[float, ...]  # of standardised differences
  reach: float  # half of the interval's width
  pairs: int
  groups: int


class Interval(NamedTuple):
  """An expected accuracy and where it may lie, 0 to 1."""

  value: float
  low: float
  high: float


def fit(
  names: Sequence[str],
  scores: Sequence[Mapping[str, float]],
  accuracy: Float[np.ndarray, " n"],
  groups: Sequence[str],
) -> Stacked:
  """Fits all pairs; the interval is of residuals on groups left out.

  Ridge regression of accuracy − BASE without an intercept, and split conformal prediction (Vovk, Gammerman &
  Shafer, 2005; Lei et al., JASA 2018) with the residuals of each group under the model of all others
  (cross-conformal). Groups are what a new pair is exchangeable with, not pairs, so that the level holds
  as far as its group is like these.

  Args:
    names: of the scores that correct BASE.
    scores: of each pair; BASE among them.
    accuracy: of each pair, 0 to 1.
    groups: of each pair; at least two.
  """
  base = np.array([own[BASE] for own in scores], np.float64)
  x = np.array([[own[n] - own[BASE] for n in names] for own in scores], np.float64)
  y, of = np.asarray(accuracy, np.float64), np.asarray(groups)
  if y.shape != of.shape or y.shape != base.shape or not np.isfinite(np.c_[x, base]).all():
    raise ValueError(
      f"{len(base)} pairs of scores, {len(y)} accuracies: give finite numbers of each"
    )
  every = np.unique(of)
  if len(every) < 2:
    raise ValueError("one group of pairs: give at least two")
  off = []
  for group in every:
    own = of == group
    found = base[own] + _corrected(_ridge(x[~own], (y - base)[~own]), x[own])
    off += abs(y[own] - np.clip(found, 0, 1)).tolist()
  rank = min(int(np.ceil((len(off) + 1) * LEVEL)), len(off))
  means, spreads, slopes = (tuple(map(float, v)) for v in _ridge(x, y - base))
  reach = sorted(off)[rank - 1]
  return Stacked(tuple(names), means, spreads, slopes, reach, len(y), len(every))


def expected(model: Stacked, scores: Mapping[str, float]) -> Interval | None:
  """Expected accuracy of a pair with these scores.

  None where a score is missing.
  """
  needed = (BASE, *model.names)
  if any(name not in scores or not np.isfinite(scores[name]) for name in needed):
    return None
  x = np.array([[scores[name] - scores[BASE] for name in model.names]])
  fitted = tuple(np.array(v) for v in (model.means, model.spreads, model.slopes))
  value = float(np.clip(scores[BASE] + _corrected(fitted, x)[0], 0, 1))
  return Interval(value, max(value - model.reach, 0.0), min(value + model.reach, 1.0))


_Ridge = tuple[np.ndarray, ...]  # mean, spread and slope


def _ridge(x: np.ndarray, y: np.ndarray) -> _Ridge:
  mean, spread = x.mean(axis=0), x.std(axis=0)
  spread = np.where(spread > 0, spread, 1.0)
  z = (x - mean) / spread
  return mean, spread, np.linalg.solve(z.T @ z + PENALTY * np.eye(z.shape[1]), z.T @ y)


def _corrected(fitted: _Ridge, x: np.ndarray) -> np.ndarray:
  mean, spread, slope = fitted
  found: np.ndarray = (x - mean) / spread @ slope
  return found
