"""Whether adapting is worth it, as a probability from scores, and how well that is calibrated."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.evaluation import worth

_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)


def features(
  pairs: Sequence[Mapping[str, Any]], own: Sequence[int], expected: Sequence[Any]
) -> np.ndarray:
  """Of the pairs with these numbers."""
  each = []
  for i in own:
    scores = pairs[i]["scores"]
    away, right = scores["proxy_a_distance"], scores["source_accuracy"]
    each.append(worth.features(away, expected[i].value, right, pairs[i]["classes"]))
  return np.array(each)


def fitted(
  pairs: Sequence[Mapping[str, Any]], gained: Mapping[int, float], expected: Sequence[Any]
) -> worth.Worth:
  """The model of all pairs with records, which `adapt advise` has."""
  own = sorted(gained)
  y = np.array([float(gained[i] > worth.GAIN) for i in own])
  return worth.fit(features(pairs, own, expected), y, len({pairs[i]["family"] for i in own}))


def section(
  pairs: Sequence[Mapping[str, Any]],
  gained: Mapping[int, float],
  expected: Sequence[Any],
) -> str:
  """The page's part: Brier scores beside those of the base rate, and a reliability table.

  Args:
    pairs: all of them.
    gained: points above source_only, by the pair's number.
    expected: the stacked accuracy of each pair.
  """
  own = sorted(gained)
  of = np.array([pairs[i]["family"] for i in own])
  y = np.array([float(gained[i] > worth.GAIN) for i in own])
  x = features(pairs, own, expected)
  p, base = np.empty(len(y)), np.empty(len(y))
  for family in np.unique(of):
    inside = of == family
    p[inside] = worth.probability(worth.fit(x[~inside], y[~inside], 1), x[inside])
    base[inside] = y[~inside].mean()
  lines = [
    "## Worth adapting",
    "",
    "Whether the best of auto's methods (of all, where none of them has a record) gains more than "
    f"{worth.GAIN:g} point over `source_only`: so in {int(y.sum())} of {len(y)} pairs of "
    f"{len(np.unique(of))} families. Probability by logistic regression on proxy A-distance, stacked "
    "accuracy, its distance from held-out source accuracy, and the number of classes, families left out; "
    "`adapt advise` says it. Brier score (0 is best, a coin has 0.25):",
    "",
    "| family | pairs | worth it, % | Brier | Brier of the other families' rate |",
    "| :-- | --: | --: | --: | --: |",
  ]
  for family in [*np.unique(of), ""]:
    on = of == family if family else np.ones(len(y), bool)
    lines.append(
      f"| {family or 'all'} | {on.sum()} | {100 * y[on].mean():.0f} | {((p - y)[on] ** 2).mean():.3f} | "
      f"{((base - y)[on] ** 2).mean():.3f} |"
    )
  lines += ["", "| said | pairs | mean said, % | came true, % |", "| :-- | --: | --: | --: |"]
  for low, high in itertools.pairwise(_EDGES):
    on = (p >= low) & ((p < high) | (high == 1.0))
    told = f"{100 * p[on].mean():.0f} | {100 * y[on].mean():.0f}" if on.any() else "– | –"
    lines.append(f"| {100 * low:.0f} to {100 * high:.0f} % | {on.sum()} | {told} |")
  return "\n".join([*lines, ""])
