"""Whether adapting is worth it, as a probability from scores, and how well that is calibrated."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

_PENALTY = 1.0
_EDGES = (0.0, 0.25, 0.5, 0.75, 1.0)


def logistic(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
  """Mean and spread of the features, and coefficients with an intercept, by Newton's method.

  The slopes of standardised features have a ridge penalty.
  """
  mean, spread = x.mean(axis=0), x.std(axis=0)
  spread = np.where(spread > 0, spread, 1.0)
  z = np.c_[(x - mean) / spread, np.ones(len(x))]
  penalty = np.diag([_PENALTY] * x.shape[1] + [1e-3])
  w = np.zeros(z.shape[1])
  for _ in range(50):
    p = 1 / (1 + np.exp(-z @ w))
    slope = z.T @ (p - y) + penalty @ w
    curve = (z * (p * (1 - p))[:, None]).T @ z + penalty
    w = w - np.linalg.solve(curve, slope)
  return mean, spread, w


def probability(fitted: tuple[np.ndarray, np.ndarray, np.ndarray], x: np.ndarray) -> np.ndarray:
  """Of rows of features."""
  mean, spread, w = fitted
  found: np.ndarray = 1 / (1 + np.exp(-np.c_[(x - mean) / spread, np.ones(len(x))] @ w))
  return found


def section(
  pairs: Sequence[Mapping[str, Any]],
  known: Mapping[int, Any],
  expected: Sequence[Any],
  worth: float,
) -> str:
  """The page's part: Brier scores beside those of the base rate, and a reliability table.

  Args:
    pairs: all of them.
    known: what records say, by the pair's number.
    expected: the stacked accuracy of each pair.
    worth: points from which on adapting was worth it.
  """
  own = sorted(known)
  of = np.array([pairs[i]["family"] for i in own])
  y = np.array([float(known[i].tried > worth) for i in own])
  x = np.array(
    [
      (
        pairs[i]["scores"]["proxy_a_distance"],
        expected[i].value,
        pairs[i]["scores"]["source_accuracy"] - expected[i].value,
        np.log(pairs[i]["classes"]),
      )
      for i in own
    ]
  )
  p, base = np.empty(len(y)), np.empty(len(y))
  for family in np.unique(of):
    inside = of == family
    p[inside] = probability(logistic(x[~inside], y[~inside]), x[inside])
    base[inside] = y[~inside].mean()
  lines = [
    "## Worth adapting",
    "",
    "Whether the best of auto's methods (of all, where none of them has a record) gains more than "
    f"{worth:g} point over `source_only`: so in {int(y.sum())} of {len(y)} pairs of {len(np.unique(of))} "
    "families. Probability by logistic regression on proxy A-distance, stacked accuracy, its distance from "
    "held-out source accuracy, and the number of classes, families left out. Brier score (0 is best, a coin "
    "has 0.25):",
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
