"""Large quadratic programmes over a box with a bounded sum.

They are solved by accelerated projected gradients.
"""

import numpy as np

_MOST = 5000  # iterations
_HALVINGS = 50


def minimise(
  kernel: np.ndarray, kappa: np.ndarray, bound: float, eps: float, tolerance: float
) -> np.ndarray:
  """The w [n] in the box that minimises ½ wᵀKw − κᵀw.

  The constraints are 0 ≤ w ≤ bound and |mean(w) − 1| ≤ eps. Accelerated gradients (Beck & Teboulle,
  2009) that start again where they overshoot (O'Donoghue & Candès, 2015). A kernel matrix of
  positive entries has one eigenvalue, of the constant direction, far above all others. So steps are
  taken in the metric L·I + a·11ᵀ, a the mean entry and L the largest eigenvalue of K − a·11ᵀ: it
  takes a tenth of the iterations, and projecting stays one root.

  Args:
    kernel: K [n, n], float32, positive semi-definite; overwritten by K − a, which float32 sums well.
    kappa: κ [n], float64.
    bound: largest weight.
    eps: how far the mean may be from 1.
    tolerance: ends where a step moves w by no more than that share of its length.

  Raises:
    ValueError: it has not ended after 5000 iterations.
  """
  n = len(kappa)
  level = float(kernel.mean(dtype=np.float64))
  kernel -= np.float32(level)
  steepest = 1.1 * _largest_eigenvalue(kernel)
  w = ahead = np.ones(n)
  momentum = 1.0
  for _ in range(_MOST):
    gradient = kernel @ ahead.astype(np.float32) + level * ahead.sum() - kappa
    reach = n * (1 - eps), n * (1 + eps)
    new = project(ahead - gradient / steepest, ahead.sum(), level / steepest, bound, reach)
    moved, step = new - ahead, new - w
    if np.linalg.norm(moved) <= tolerance * np.linalg.norm(new):
      return new
    following = 0.5 * (1 + np.sqrt(1 + 4 * momentum**2))
    if moved @ step < 0:  # it climbs: what was gathered points the wrong way
      ahead, momentum = new, 1.0
    else:
      ahead, momentum = new + (momentum - 1) / following * step, following
    w = new
  raise ValueError(
    f"kernel mean matching did not converge in {_MOST} steps: lower block and whole, or bound"
  )


def project(
  v: np.ndarray, former: float, pull: float, bound: float, reach: tuple[float, float]
) -> np.ndarray:
  """Projects v [n] onto the box, with a pull on the sum.

  It minimises ½‖w − v‖² + pull/2 · (sum(w) − former)² over 0 ≤ w ≤ bound with sum(w) in reach. It
  is clip(v − t, 0, bound), whose sum falls with t; t is found by halving.

  Args:
    v: [n].
    former: the sum that costs nothing.
    pull: what other sums cost.
    bound: largest entry.
    reach: lowest and highest sum.
  """

  def at(t: float) -> np.ndarray:
    return np.clip(v - t, 0.0, bound)

  low, high = float(v.min()) - bound, float(v.max())  # all at the bound, all 0
  for _ in range(_HALVINGS):
    t = 0.5 * (low + high)
    # Between the sums that are allowed, t = pull · (sum − former); beyond, the nearest sum is kept.
    total = at(t).sum()
    too_large = total > reach[1] or (total >= reach[0] and t < pull * (total - former))
    low, high = (t, high) if too_large else (low, t)
  return at(high)


def _largest_eigenvalue(matrix: np.ndarray) -> float:
  """By power iteration, from below; the share that is missing after 20 steps is small."""
  v = np.random.default_rng(0).normal(size=len(matrix)).astype(np.float32)
  for _ in range(20):
    v = matrix @ (v / np.linalg.norm(v))
  return float(np.linalg.norm(v))
