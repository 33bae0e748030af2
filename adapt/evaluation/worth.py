"""Probability that adapting is worth it, before training.

It is fitted to pairs of domains on which methods have been tried.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

PENALTY = 1.0  # on squared slopes of standardised features
GAIN = 1.0  # points of target accuracy above source_only, from which on adapting was worth it
NAMES = ("proxy_a_distance", "expected", "lost", "log_classes")


class Worth(NamedTuple):
  """A penalised logistic regression on standardised features."""

  means: tuple[float, ...]  # of the features
  spreads: tuple[float, ...]
  slopes: tuple[float, ...]
  intercept: float
  pairs: int
  gained: int  # of the pairs
  groups: int


def features(
  proxy_a_distance: float, expected: float, source_accuracy: float, classes: int
) -> Float[np.ndarray, " f"]:
  """What the probability is of, in the order of NAMES.

  Args:
    proxy_a_distance: of source and target.
    expected: target accuracy of a source model, 0 to 1.
    source_accuracy: of the same model on held-out source examples.
    classes: of the source.
  """
  return np.array([proxy_a_distance, expected, source_accuracy - expected, np.log(classes)])


def fit(x: Float[np.ndarray, "n f"], gained: Float[np.ndarray, " n"], groups: int) -> Worth:
  """Fits by Newton's method, with a ridge penalty on the slopes.

  Args:
    x: features of each pair.
    gained: whether adapting gained enough, 0 or 1.
    groups: families of data that the pairs are of.
  """
  mean, spread = x.mean(axis=0), x.std(axis=0)
  spread = np.where(spread > 0, spread, 1.0)
  z = np.c_[(x - mean) / spread, np.ones(len(x))]
  penalty = np.diag([PENALTY] * x.shape[1] + [1e-3])
  w = np.zeros(z.shape[1])
  for _ in range(50):
    p = 1 / (1 + np.exp(-z @ w))
    slope = z.T @ (p - gained) + penalty @ w
    curve = (z * (p * (1 - p))[:, None]).T @ z + penalty
    w = w - np.linalg.solve(curve, slope)
  means, spreads, slopes = (tuple(map(float, v)) for v in (mean, spread, w[:-1]))
  return Worth(means, spreads, slopes, float(w[-1]), len(x), int(gained.sum()), groups)


def probability(model: Worth, x: Float[np.ndarray, "n f"]) -> Float[np.ndarray, " n"]:
  """That adapting gains more than GAIN points, of each row of features."""
  z = (x - np.array(model.means)) / np.array(model.spreads)
  found: np.ndarray = 1 / (1 + np.exp(-z @ np.array(model.slopes) - model.intercept))
  return found
