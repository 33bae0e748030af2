"""Accuracy estimated from several scores at once, with an interval.

The estimate is by ridge regression, the interval by conformal prediction.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PENALTY = 30.0  # on slopes of standardised differences, against residuals in accuracy
LEVEL = 0.9  # of intervals


class Stacked(NamedTuple):
  """Linear correction of one accuracy estimate, and its interval.

  The interval is that of its errors on other groups.
  """

  base: str  # the estimate that the others correct
  names: tuple[str, ...]  # of the scores whose differences from the base correct it
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
  base: str,
  names: Sequence[str],
  scores: Sequence[Mapping[str, float]],
  accuracy: Float[np.ndarray, " n"],
  groups: Sequence[str],
) -> Stacked:
  """Fits all pairs; the interval is of residuals on groups left out.

  Ridge regression of accuracy − base without an intercept, and split conformal prediction (Vovk, Gammerman &
  Shafer, 2005; Lei et al., JASA 2018) with the residuals of each group under the model of all others
  (cross-conformal), every group counted alike. Groups are what a new pair is exchangeable with, not
  pairs, so that the level holds as far as its group is like these.

  Args:
    base: name of the estimate that is corrected.
    names: of the scores that correct it.
    scores: of each pair; all of these among them.
    accuracy: of each pair, 0 to 1.
    groups: of each pair; at least two.
  """
  first = np.array([own[base] for own in scores], np.float64)
  x = np.array([[own[n] - own[base] for n in names] for own in scores], np.float64)
  y, of = np.asarray(accuracy, np.float64), np.asarray(groups)
  if y.shape != of.shape or y.shape != first.shape or not np.isfinite(np.c_[x, first]).all():
    raise ValueError(
      f"{len(first)} pairs of scores, {len(y)} accuracies: give finite numbers of each"
    )
  every = np.unique(of)
  if len(every) < 2:
    raise ValueError("one group of pairs: give at least two")
  off, share = [], []
  for group in every:
    own = of == group
    share += [1 / (own.sum() * len(every))] * own.sum()
    found = first[own] + _corrected(_ridge(x[~own], (y - first)[~own]), x[own])
    off += abs(y[own] - np.clip(found, 0, 1)).tolist()
  order = np.argsort(off)
  below = np.cumsum(np.array(share)[order])
  rank = min(int(np.searchsorted(below, LEVEL * (1 + 1 / len(off)) - 1e-9)), len(off) - 1)
  means, spreads, slopes = (tuple(map(float, v)) for v in _ridge(x, y - first))
  reach = float(off[order[rank]])
  return Stacked(base, tuple(names), means, spreads, slopes, reach, len(y), len(every))


def expected(model: Stacked, scores: Mapping[str, float]) -> Interval | None:
  """Expected accuracy of a pair with these scores.

  None where a score is missing.
  """
  base = scores.get(model.base)
  others = [scores.get(name) for name in model.names]
  if base is None or not np.isfinite([np.nan if v is None else v for v in (base, *others)]).all():
    return None
  x = np.array([[scores[name] - base for name in model.names]])
  fitted = tuple(np.array(v) for v in (model.means, model.spreads, model.slopes))
  value = float(np.clip(base + _corrected(fitted, x)[0], 0, 1))
  return Interval(value, max(value - model.reach, 0.0), min(value + model.reach, 1.0))


def over_seeds(found: Mapping[str, Sequence[float | None]] | None) -> Interval | None:
  """Mean over seeds of a record's expected accuracy, if any."""
  each = [[v for v in (found or {}).get(n) or () if v is not None] for n in Interval._fields]
  return Interval(*(float(np.mean(v)) for v in each)) if all(each) else None


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
