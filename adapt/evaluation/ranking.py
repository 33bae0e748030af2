"""Ranks sources of a target by several scores at once.

The weights are fitted to other targets.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PENALTY = 0.1  # on squared weights
LEVEL = 0.9  # of targets, for which a bound on what the first source lacks holds
_STEP = 1e-6  # rounding must not decide between equal scores


class Ranking(NamedTuple):
  """How several ranks become one."""

  names: tuple[str, ...]  # of the scores
  lower: tuple[str, ...]  # of those, that are lower where a source is better
  weights: tuple[float, ...]  # of their ranks, with sum 1
  targets: int
  groups: int
  steps: tuple[float, ...] = ()  # to which each score is rounded, as less is chance; (): hardly


class FirstPlaces(NamedTuple):
  """How sure it is that the source ranked first is the best.

  By targets of groups whose weights were fitted to other groups.
  """

  targets: int
  best: int  # targets where the one ranked first is the best
  loss: float  # of accuracy against the best at most, for LEVEL of new targets


class Target(NamedTuple):
  """A target with known accuracies, to fit to."""

  group: str  # family of data
  scores: Sequence[Mapping[str, float]]  # of each source
  accuracy: Sequence[float]  # of each source's model


def fit(
  names: Sequence[str],
  lower: Sequence[str],
  targets: Sequence[Target],
  steps: Sequence[float] = (),
) -> Ranking:
  """Weights of ranks by non-negative ridge regression on ranks of accuracies.

  Every group counts alike, as does every target in it.

  Args:
    names: of the scores.
    lower: of those, that are lower where a source is better.
    targets: each with two sources or more.
    steps: to which each score is rounded; none: hardly.
  """
  if not targets or min(len(t.scores) for t in targets) < 2:
    raise ValueError(f"{len(targets)} targets: give some, each with two sources or more")
  # Not before: a run that ranks nothing need not wait a second for them.
  from scipy.optimize import nnls
  from scipy.stats import rankdata

  every = [t.group for t in targets]
  rows, wanted = [], []
  for target in targets:
    share = (len(target.scores) * every.count(target.group)) ** -0.5
    rows.append(share * _centred(_ranks(names, lower, target.scores, steps)))
    wanted.append(share * _centred(rankdata(-np.asarray(target.accuracy))))
  ridge = np.sqrt(PENALTY) * np.eye(len(names))
  found = nnls(np.concatenate([*rows, ridge]), np.concatenate([*wanted, np.zeros(len(names))]))[0]
  weights = found / found.sum() if found.sum() > 0 else np.full(len(names), 1 / len(names))
  own = tuple(map(float, weights))
  return Ranking(tuple(names), tuple(lower), own, len(targets), len(set(every)), tuple(steps))


def ranks(model: Ranking, scores: Sequence[Mapping[str, float]]) -> list[float] | None:
  """Weighted mean rank of each source, 1 is best.

  None where a score of one is missing.
  """
  given = [own.get(name, np.nan) for own in scores for name in model.names]
  if not np.isfinite(given).all():
    return None
  each = _ranks(model.names, model.lower, scores, model.steps)
  found: list[float] = (each @ np.array(model.weights)).tolist()
  return found


def first_places(
  found: Sequence[Sequence[float]], accuracy: Sequence[Sequence[float]]
) -> FirstPlaces:
  """How often and how nearly the first is the best.

  Args:
    found: weighted mean ranks of each target's sources.
    accuracy: of each of their models.
  """
  best = sum(np.argmin(a) == np.argmax(b) for a, b in zip(found, accuracy, strict=True))
  return FirstPlaces(len(found), int(best), loss(found, accuracy))


def loss(found: Sequence[Sequence[float]], accuracy: Sequence[Sequence[float]]) -> float:
  """What the first source lacks of the best one's accuracy at most.

  For LEVEL of new targets, by split conformal prediction (Vovk, Gammerman & Shafer, 2005). Arguments are
  as in `first_places`.
  """
  lacks = sorted(max(b) - b[int(np.argmin(a))] for a, b in zip(found, accuracy, strict=True))
  return float(lacks[min(int(np.ceil(LEVEL * (len(lacks) + 1))), len(lacks)) - 1])


def _ranks(
  names: Sequence[str],
  lower: Sequence[str],
  scores: Sequence[Mapping[str, float]],
  steps: Sequence[float],
) -> Float[np.ndarray, "sources scores"]:
  from scipy.stats import rankdata

  values = np.array([[own.get(n, np.nan) for n in names] for own in scores], np.float64)
  signed = values * np.where(np.isin(names, lower), 1.0, -1.0)
  shown = np.round(signed / np.maximum(steps or _STEP, _STEP))
  signed = np.where(np.isfinite(signed), shown, np.inf)  # what has no score comes last
  found: np.ndarray = rankdata(signed, axis=0)
  return found


def _centred(found: np.ndarray) -> np.ndarray:
  """Ranks 1 to n as numbers from −1/2 to 1/2."""
  scaled: np.ndarray = (found - 1) / (len(found) - 1) - 0.5
  return scaled
