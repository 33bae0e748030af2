"""The ratio of two fitted Gaussians (Shimodaira, Journal of Statistical Planning and Inference 90, 2000)."""

import numpy as np

from adapt.weights._content import clipped, refuse_unfit

FAMILY = "covariate shift"

NEEDS = ("sklearn",)
OUTPUTS = ("classes", "values")


def gaussian(
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  *,
  power: float = 1.0,
  clip: float = 10.0,
) -> np.ndarray:
  """Weights (p_t(x) / p_s(x))^power, with a Gaussian fitted to each domain.

      w(x) ∝ (g(x; mₜ, Σₜ) / g(x; mₛ, Σₛ))^power, at most clip
      g: density of a Gaussian      Σ: shrunk covariance (Ledoit and Wolf)

  Assumes covariate shift: p(y | x) is the same in both domains; and that both inputs are near
  Gaussian. `power` is the paper's λ: 1 removes the bias, 0 is no weighting, between them some bias is
  traded for less variance.

  Where re-implementations go wrong: they take densities before they divide, which underflow from a
  hundred features on; here it is the difference of logarithms. They use the empirical covariance,
  whose smallest eigenvalues are too small and get the largest say; here it is Ledoit and Wolf's (2004),
  on features that were standardised over both domains. Where the target is wider than the source,
  the ratio is unbounded; and in hundreds of features its logarithm spans thousands, so that nearly all
  weights are 0 or the largest. Hence `clip`, and there a smaller `power`.

  Time is O((n + m) · d² + d³), memory O((n + m) · d + d²).

  Args:
    xs: source inputs [n, d].
    ys: source labels [n]; unused.
    xt: target inputs [m, d].
    power: from 0, no weighting, to 1, the full ratio.
    clip: no example counts more than this many times the average.

  Returns:
    Weights [n], float32, mean 1, at most clip.

  Raises:
    ValueError: power or clip out of range, not more examples than features, or constant inputs.
  """
  del ys
  if not 0 <= power <= 1:
    raise ValueError(f"power is {power}: choose from 0 to 1")
  refuse_unfit("gaussian", xs, xt, 2)
  pooled = np.concatenate([xs, xt])
  centre, spread = pooled.mean(axis=0, dtype=np.float64), pooled.std(axis=0, dtype=np.float64)
  varies = spread > 1e-6 * (np.abs(centre) + np.finfo(np.float32).tiny)
  fewest, features = min(len(xs), len(xt)), int(varies.sum())
  if not features:
    raise ValueError("gaussian: every input is the same, so nothing tells the domains apart")
  if fewest <= features + 1:
    raise ValueError(
      f"gaussian fits {features} features to {fewest} examples, which is no fit: "
      "use --weights discriminator"
    )

  def scaled(x: np.ndarray) -> np.ndarray:
    return (x[:, varies] - centre[varies]) / spread[varies]

  xs, xt = scaled(xs), scaled(xt)
  log_ratio = _log_density(xs, xt) - _log_density(xs, xs)
  return clipped(power * log_ratio, clip, "gaussian")


def _log_density(at: np.ndarray, fitted: np.ndarray) -> np.ndarray:
  """Log density [n], up to a constant, at `at` [n, d] of the Gaussian fitted to `fitted` [m, d]."""
  from sklearn.covariance import ledoit_wolf

  mean = fitted.mean(axis=0)
  covariance, _ = ledoit_wolf(fitted)
  # A domain in which nothing varies has covariance 0; the smallest share of a unit keeps it finite.
  factor = np.linalg.cholesky(covariance + 1e-6 * np.eye(len(mean)))
  whitened = np.linalg.solve(factor, (at - mean).T)  # [d, n]
  return -0.5 * (whitened**2).sum(axis=0)
