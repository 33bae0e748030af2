"""Accuracy from several scores at once, with an interval: ridge regression and conformal prediction."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PENALTY = 3.0  # on slopes of standardised scores, against residuals in accuracy
LEVEL = 0.9  # of intervals


class Stacked(NamedTuple):
  """A linear model of an accuracy, and how far it is off on groups that it was not fitted on."""

  names: tuple[str, ...]
  means: tuple[float, ...]
  spreads: tuple[float, ...]
  slopes: tuple[float, ...]  # of standardised scores
  intercept: float
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
  scores: Float[np.ndarray, "n d"],
  accuracy: Float[np.ndarray, " n"],
  groups: Sequence[str],
) -> Stacked:
  """Fits all pairs; the interval is of residuals on groups left out.

  Ridge regression, and split conformal prediction (Vovk, Gammerman & Shafer, 2005; Lei et al., JASA 2018)
  with the residuals of each group under the model of all others (cross-conformal). Groups are what a new
  pair is exchangeable with, not pairs, so that the level holds as far as its group is like these.

  Args:
    names: of the scores.
    scores: of each pair.
    accuracy: of each pair, 0 to 1.
    groups: of each pair; at least two.
  """
  x, y, of = np.asarray(scores, np.float64), np.asarray(accuracy, np.float64), np.asarray(groups)
  if x.shape != (len(y), len(names)) or of.shape != y.shape or not np.isfinite(x).all():
    raise ValueError(
      f"scores of shape {list(x.shape)} for {len(y)} pairs: give finite numbers [n, d]"
    )
  every = np.unique(of)
  if len(every) < 2:
    raise ValueError("one group of pairs: give at least two")
  off = np.concatenate(
    [abs(y[of == g] - _predicted(_ridge(x[of != g], y[of != g]), x[of == g])) for g in every]
  )
  rank = min(int(np.ceil((len(off) + 1) * LEVEL)), len(off))
  mean, spread, slope, intercept = _ridge(x, y)
  return Stacked(
    tuple(names),
    *(tuple(map(float, v)) for v in (mean, spread, slope)),
    float(intercept),
    float(np.sort(off)[rank - 1]),
    len(y),
    len(every),
  )


def expected(model: Stacked, scores: Mapping[str, float]) -> Interval | None:
  """The accuracy of a pair with these scores; None where one is missing."""
  if any(name not in scores or not np.isfinite(scores[name]) for name in model.names):
    return None
  x = np.array([[scores[name] for name in model.names]])
  fitted = tuple(np.array(v) for v in (model.means, model.spreads, model.slopes))
  value = float(_predicted((*fitted, model.intercept), x)[0])
  ends = np.clip([value, value - model.reach, value + model.reach], 0.0, 1.0)
  return Interval(*map(float, ends))


_Ridge = tuple[np.ndarray, np.ndarray, np.ndarray, float]


def _ridge(x: np.ndarray, y: np.ndarray) -> _Ridge:
  mean, spread = x.mean(axis=0), x.std(axis=0)
  spread = np.where(spread > 0, spread, 1.0)
  z, middle = (x - mean) / spread, float(y.mean())
  slope = np.linalg.solve(z.T @ z + PENALTY * np.eye(z.shape[1]), z.T @ (y - middle))
  return mean, spread, slope, middle


def _predicted(fitted: _Ridge, x: np.ndarray) -> np.ndarray:
  mean, spread, slope, intercept = fitted
  found: np.ndarray = (x - mean) / spread @ slope + intercept
  return found
