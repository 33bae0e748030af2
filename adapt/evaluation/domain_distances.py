"""Distances between the inputs of two domains, without labels.

In pure NumPy and SciPy.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy.spatial.distance import cdist

_SYMMETRIC_ROUNDING = 1e-8  # what an eigenvalue of a covariance may be below 0, of the largest


class TwoSample(NamedTuple):
  """A two-sample test by MMD."""

  mmd2: float  # unbiased, so it may be below 0
  p_value: float  # of permutations; the least is 1 / (permutations + 1)
  bandwidth: float


def proxy_a_distance(
  xs: Float[np.ndarray, "n d"],
  xt: Float[np.ndarray, "m d"],
  *,
  folds: int = 5,
  strength: float = 1.0,
  seed: int = 0,
) -> float:
  """Proxy A-distance 2 (1 − 2 ε), from 0 to 2.

  Ben-David, Blitzer, Crammer & Pereira (NIPS 2006); ε is the error of a linear classifier
  that tells the domains apart, on folds that it was not fitted on. Here that is ridge regression on
  ±1 with inputs standardised over both domains, and both domains count alike: unequal sizes do not
  make domains look apart. Below chance (ε > 1/2) it is 0.

  Args:
    xs: source inputs.
    xt: target inputs.
    folds: number of folds; each domain is dealt to them by itself.
    strength: ridge penalty on standardised inputs, times the number of examples / 1,000.
    seed: of the shuffle.

  Raises:
    ValueError: fewer examples of a domain than folds, or inputs that differ in shape.
  """
  xs, xt = _both(xs, xt, max(folds, 2))
  x = np.concatenate([xs, xt])
  spread = x.std(axis=0)
  x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
  sign = np.repeat([1.0, -1.0], [len(xs), len(xt)])
  rng = np.random.default_rng(seed)
  fold = np.concatenate([rng.permutation(len(one)) % folds for one in (xs, xt)])
  wrong = np.empty(len(x))
  for k in range(folds):
    fit = fold != k
    predicted = _linear_scores(x[fit], sign[fit], x[~fit], strength * fit.sum() / 1000)
    wrong[~fit] = (predicted >= 0) != (sign[~fit] > 0)
  error = (wrong[: len(xs)].mean() + wrong[len(xs) :].mean()) / 2
  return float(max(0.0, 2 * (1 - 2 * error)))


def _linear_scores(x: np.ndarray, sign: np.ndarray, new: np.ndarray, penalty: float) -> np.ndarray:
  """Scores of ridge regression on ±1 with an intercept; both signs have equal weight in all."""
  share = np.where(sign > 0, (sign > 0).mean(), (sign < 0).mean())
  weight = 0.5 / share
  mean = np.average(x, axis=0, weights=weight)
  root = np.sqrt(weight)[:, None]
  a, b = root * (x - mean), root[:, 0] * (sign - np.average(sign, weights=weight))
  if a.shape[1] <= len(a):
    slope = np.linalg.solve(a.T @ a + penalty * np.eye(a.shape[1]), a.T @ b)
  else:  # the same by as many equations as examples
    slope = a.T @ np.linalg.solve(a @ a.T + penalty * np.eye(len(a)), b)
  scores: np.ndarray = (new - mean) @ slope + np.average(sign, weights=weight)
  return scores


def median_bandwidth(xs: Float[np.ndarray, "n d"], xt: Float[np.ndarray, "m d"]) -> float:
  """Median distance between two examples of the pooled sample.

  It is 0 if most are copies. Gretton et al. (JMLR 2012), section 8.
  """
  x = np.concatenate([xs, xt])
  return float(np.median(cdist(x, x)[np.triu_indices(len(x), 1)]))


def mmd(
  xs: Float[np.ndarray, "n d"],
  xt: Float[np.ndarray, "m d"],
  *,
  bandwidth: float | None = None,
  permutations: int = 999,
  seed: int = 0,
) -> TwoSample:
  """Unbiased MMD² with a Gaussian kernel, and its permutation p-value.

  Gretton et al. (JMLR 2012), equation 3, with k(x, y) = exp(−‖x − y‖² / 2σ²). The p-value is
  (1 + permutations that are as far apart) / (1 + permutations), valid at any sample size. Memory is
  O((n + m)²).

  Args:
    xs: source inputs.
    xt: target inputs.
    bandwidth: σ; None: `median_bandwidth`.
    permutations: random relabellings; 0 gives a p-value of 1.
    seed: of the permutations.

  Raises:
    ValueError: fewer than two examples of a domain, or inputs that differ in shape.
  """
  xs, xt = _both(xs, xt, 2)
  x, n, m = np.concatenate([xs, xt]), len(xs), len(xt)
  squared = cdist(x, x, "sqeuclidean")
  upper = squared[np.triu_indices(len(x), 1)]
  sigma = float(np.sqrt(np.median(upper))) if bandwidth is None else bandwidth
  if sigma <= 0:  # most examples are copies of one
    sigma = float(np.sqrt(upper.mean())) or 1.0
  kernel = np.exp(-squared / (2 * sigma**2))
  np.fill_diagonal(kernel, 0.0)
  rng = np.random.default_rng(seed)
  mask = np.zeros((permutations + 1, n + m))
  mask[0, :n] = 1.0
  for row in mask[1:]:
    row[rng.permutation(n + m)[:n]] = 1.0
  within = np.einsum("bi,bi->b", mask @ kernel, mask)
  across = mask @ kernel.sum(axis=1) - within
  rest = kernel.sum() - within - 2 * across
  found = within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m)
  as_far = (found[1:] >= found[0] - 1e-12).sum()
  return TwoSample(float(found[0]), float((1 + as_far) / (1 + permutations)), sigma)


def frechet_distance(xs: Float[np.ndarray, "n d"], xt: Float[np.ndarray, "m d"]) -> float:
  """Squared Fréchet distance of two normal distributions fitted to the domains.

  ‖μs − μt‖² + tr(Cs + Ct − 2 (Cs Ct)^½), Dowson & Landau (1982); of network features it
  is the FID of Heusel et al. (NIPS 2017), equation 6. Covariances divide by n − 1.

  Raises:
    ValueError: fewer than two examples of a domain, or inputs that differ in shape.
  """
  xs, xt = _both(xs, xt, 2)
  a, b = _covariance(xs), _covariance(xt)
  values, vectors = np.linalg.eigh(a)
  root = (vectors * np.sqrt(_clipped(values))) @ vectors.T
  # (Cs Ct)^½ and (Cs^½ Ct Cs^½)^½ have the same trace; the latter is symmetric.
  cross = np.sqrt(_clipped(np.linalg.eigvalsh(root @ b @ root))).sum()
  apart = ((xs.mean(axis=0) - xt.mean(axis=0)) ** 2).sum()
  return float(apart + np.trace(a) + np.trace(b) - 2 * cross)


def coral_distance(xs: Float[np.ndarray, "n d"], xt: Float[np.ndarray, "m d"]) -> float:
  """CORAL distance ‖Cs − Ct‖²_F / 4d².

  It is blind to a shift of the mean. Sun & Saenko (ECCV Workshops 2016), equation 1. Covariances
  divide by n − 1.

  Raises:
    ValueError: fewer than two examples of a domain, or inputs that differ in shape.
  """
  xs, xt = _both(xs, xt, 2)
  return float(((_covariance(xs) - _covariance(xt)) ** 2).sum() / (4 * xs.shape[1] ** 2))


def _covariance(x: np.ndarray) -> np.ndarray:
  centred = x - x.mean(axis=0)
  found: np.ndarray = centred.T @ centred / (len(x) - 1)
  return found


def _clipped(values: np.ndarray) -> np.ndarray:
  """Eigenvalues without what rounding has put below 0."""
  assert values.min() >= -_SYMMETRIC_ROUNDING * max(1.0, abs(values).max())
  return np.maximum(values, 0.0)


def _both(xs: np.ndarray, xt: np.ndarray, least: int) -> tuple[np.ndarray, np.ndarray]:
  """Both as float64, of one shape and with enough examples."""
  if xs.ndim != 2 or xt.ndim != 2 or xs.shape[1:] != xt.shape[1:]:
    raise ValueError(
      f"inputs of shapes {list(xs.shape)} and {list(xt.shape)} have no distance: give [n, d] twice"
    )
  if min(len(xs), len(xt)) < least:
    raise ValueError(
      f"{len(xs)} and {len(xt)} examples are too few: give at least {least} of each domain"
    )
  return np.asarray(xs, np.float64), np.asarray(xt, np.float64)
