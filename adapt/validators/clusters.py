"""Whether target features cluster, and as they are predicted: silhouette and mutual information.

Both after Robbiano et al. (2022, arXiv:2102.06679), where k-means starts at the centres of the predicted
classes, and Musgrave et al. (2022, arXiv:2208.07360), who call them ClassSS and ClassAMI.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from adapt.losses.kernels import squared_distances

_ROUNDS = 10  # of k-means


def clustered(ft: Float[Array, "m d"], predicted: Float[Array, "m k"]) -> Float[Array, "m k"]:
  """One-hot clusters of k-means that starts at the centres of the predicted classes.

  A class that nothing is predicted as, and a cluster that loses its last example, stays empty.

  Args:
    ft: target features.
    predicted: one-hot predicted classes.
  """

  def again(_: int, which: jax.Array) -> jax.Array:
    sizes = which.sum(axis=0)
    centres = which.T @ ft / jnp.maximum(sizes, 1)[:, None]
    far = jnp.where(sizes > 0, squared_distances(ft, centres), jnp.inf)
    return jax.nn.one_hot(jnp.argmin(far, axis=1), which.shape[1])

  return jax.lax.fori_loop(0, _ROUNDS, again, predicted)


def class_silhouette(ft: Float[Array, "m d"], which: Float[Array, "m k"]) -> Float[Array, ""]:
  """Mean silhouette (Rousseeuw, 1987) of the target features' clusters, Euclidean.

  Args:
    ft: target features.
    which: one-hot clusters. An example alone in its cluster counts 0.

  Returns:
    Between −1 and 1; −1 if there is but one cluster, as nothing separates a collapsed model's.
  """
  sizes = which.sum(axis=0)
  sums = jnp.sqrt(squared_distances(ft, ft)) @ which  # [m, k]
  alone = (which @ sizes) <= 1
  own = jnp.sum(sums * which, axis=1) / jnp.maximum(which @ sizes - 1, 1)
  others = (sizes > 0) & (which == 0)
  nearest = jnp.where(others, sums / jnp.maximum(sizes, 1), jnp.inf).min(axis=1)
  width = (nearest - own) / jnp.maximum(jnp.maximum(nearest, own), 1e-12)
  return jnp.where(jnp.sum(sizes > 0) > 1, jnp.mean(jnp.where(alone, 0.0, width)), -1.0)


def class_ami(table: np.ndarray) -> float:
  """Mutual information of predicted classes and clusters, adjusted for chance (Vinh et al., 2010).

  Made on the host from the table that the device counts: its expectation sums over hypergeometric
  distributions, whose lengths are data.

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
