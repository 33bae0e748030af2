"""Whether target features cluster as they are predicted (Robbiano et al., 2022, arXiv:2102.06679)."""

import math
from collections.abc import Sequence

import jax
import numpy as np

from adapt.validators import Evaluation, Seen, Validator


def class_ami() -> Validator:
  """Adjusted mutual information of predicted classes and clusters (Vinh et al., 2010).

      score = (I − I₀) / ((H(ŷ) + H(z)) / 2 − I₀)
      I: mutual information of target predictions ŷ and clusters z of f
      I₀: the mean of I where both are shuffled

  The adjustment is for chance. Made on the host from the table that the
  device counts: I₀ sums over hypergeometric distributions, whose lengths are data.
  """

  def table(seen: Seen) -> jax.Array:
    return jax.nn.one_hot(seen.predicted, seen.lt.shape[1]).T @ seen.clusters

  def scores(evaluations: Sequence[Evaluation]) -> list[float]:
    return [score(e.made) for e in evaluations]

  return Validator(table, scores)


def score(table: np.ndarray) -> float:
  """The adjusted mutual information.

  Args:
    table: [k, k] target examples by predicted class and cluster.

  Returns:
    At most 1; 0 is chance. 0 also where everything is in one class, though scikit-learn calls two
    constant labellings equal: a collapsed model must not win.
  """
  table = np.asarray(table, np.float64)
  n, a, b = table.sum(), table.sum(axis=1), table.sum(axis=0)
  if (a > 0).sum() < 2 or (b > 0).sum() < 2:
    return 0.0
  there = table > 0
  shares = table[there] / n
  information = float(np.sum(shares * np.log(table[there] * n / np.outer(a, b)[there])))
  expected = _expected_information(a[a > 0].astype(int), b[b > 0].astype(int))
  half = (_entropy(a / n) + _entropy(b / n)) / 2
  return (information - expected) / max(half - expected, 1e-12)


def _entropy(shares: np.ndarray) -> float:
  return -float(np.sum(shares[shares > 0] * np.log(shares[shares > 0])))


def _expected_information(a: np.ndarray, b: np.ndarray) -> float:
  """Of two random labellings with these class sizes (Vinh et al., 2010)."""
  n = int(a.sum())
  log_factorial = np.cumsum([0.0, *map(math.log, range(1, n + 1))])
  total = 0.0
  for i in a:
    for j in b:
      both = np.arange(max(1, i + j - n), min(i, j) + 1)
      log_chance = (
        log_factorial[[i, j, n - i, n - j]].sum()
        - log_factorial[n]
        - log_factorial[both]
        - log_factorial[i - both]
        - log_factorial[j - both]
        - log_factorial[n - i - j + both]
      )
      total += float(np.sum(np.exp(log_chance) * both / n * np.log(n * both / (i * j))))
  return total
