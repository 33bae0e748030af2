"""Ranks sources of a target by several scores at once.

The weights are fitted to other targets.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls
from scipy.stats import rankdata

PENALTY = 0.1  # on squared weights


class Ranking(NamedTuple):
  """How several ranks become one."""

  names: tuple[str, ...]  # of the scores
  lower: tuple[str, ...]  # of those, that are lower where a source is better
  weights: tuple[float, ...]  # of their ranks, with sum 1
  targets: int
  groups: int


class Target(NamedTuple):
  """A target with known accuracies, to fit to."""

  group: str  # family of data
  scores: Sequence[Mapping[str, float]]  # of each source
  accuracy: Sequence[float]  # of each source's model


def fit(names: Sequence[str], lower: Sequence[str], targets: Sequence[Target]) -> Ranking:
  """Weights of ranks by non-negative ridge regression on ranks of accuracies.

  Every group counts alike, as does every target in it.

  Args:
    names: of the scores.
    lower: of those, that are lower where a source is better.
    targets: each with two sources or more.
  """
  if not targets or min(len(t.scores) for t in targets) < 2:
    raise ValueError(f"{len(targets)} targets: give some, each with two sources or more")
  every = [t.group for t in targets]
  rows, wanted = [], []
  for target in targets:
    share = (len(target.scores) * every.count(target.group)) ** -0.5
    rows.append(share * _centred(_ranks(names, lower, target.scores)))
    wanted.append(share * _centred(rankdata(-np.asarray(target.accuracy))))
  ridge = np.sqrt(PENALTY) * np.eye(len(names))
  found = nnls(np.concatenate([*rows, ridge]), np.concatenate([*wanted, np.zeros(len(names))]))[0]
  weights = found / found.sum() if found.sum() > 0 else np.full(len(names), 1 / len(names))
  return Ranking(
    tuple(names), tuple(lower), tuple(map(float, weights)), len(targets), len(set(every))
  )


def ranks(model: Ranking, scores: Sequence[Mapping[str, float]]) -> list[float] | None:
  """Weighted mean rank of each source, 1 is best.

  None where a score of one is missing.
  """
  given = [own.get(name, np.nan) for own in scores for name in model.names]
  if not np.isfinite(given).all():
    return None
  found: list[float] = (_ranks(model.names, model.lower, scores) @ np.array(model.weights)).tolist()
  return found


def _ranks(
  names: Sequence[str], lower: Sequence[str], scores: Sequence[Mapping[str, float]]
) -> Float[np.ndarray, "sources scores"]:
  values = np.array([[own.get(n, np.nan) for n in names] for own in scores], np.float64)
  signed = values * np.where(np.isin(names, lower), 1.0, -1.0)
  # Rounding must not decide between equal scores; what has no score comes last.
  signed = np.where(np.isfinite(signed), np.round(signed, 6), np.inf)
  found: np.ndarray = rankdata(signed, axis=0)
  return found


def _centred(found: np.ndarray) -> np.ndarray:
  """Ranks 1 to n as numbers from −1/2 to 1/2."""
  scaled: np.ndarray = (found - 1) / (len(found) - 1) - 0.5
  return scaled
