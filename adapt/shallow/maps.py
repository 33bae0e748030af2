"""What every shallow entry shares: a map per domain, and linear algebra."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Map = Callable[[np.ndarray], np.ndarray]

_TALL = 10  # examples per dimension from which directions are the covariance's eigenvectors


class Maps(NamedTuple):
  """Maps of both domains' examples: [n, d] → [n, k] float64.

  k is the same for both.
  """

  source: Map
  target: Map


def double(x: np.ndarray) -> np.ndarray:
  """x as float64."""
  return np.asarray(x, np.float64)


def unit(x: np.ndarray) -> np.ndarray:
  """Scales rows [n, d] to length 1, in float64; zeros stay."""
  x = double(x)
  length = np.linalg.norm(x, axis=1, keepdims=True)
  return np.asarray(x / np.where(length == 0, 1, length))


def directions(x: np.ndarray, dim: int) -> np.ndarray:
  """The leading principal directions [d, dim] of x [n, d]."""
  centred = x - x.mean(0)
  if len(x) >= _TALL * x.shape[1]:  # faster, and directions of next to no variance matter little
    return np.asarray(np.linalg.eigh(centred.T @ centred)[1][:, ::-1][:, :dim])
  return np.asarray(np.linalg.svd(centred, full_matrices=False)[2][:dim].T)


def nearest(zs: np.ndarray, ys: np.ndarray, zt: np.ndarray) -> np.ndarray:
  """Labels [m] of zt's nearest neighbours in zs, Euclidean."""
  from sklearn.neighbors import KNeighborsClassifier

  return np.asarray(KNeighborsClassifier(1, algorithm="brute").fit(zs, ys).predict(zt))


def kernel(centres: np.ndarray, bandwidth: float, name: str) -> Map:
  """Returns the kernel function x [b, d] → k(x, centres) [b, c].

  It is linear for a bandwidth of 0, else Gaussian.

  Args:
    centres: examples [c, d].
    bandwidth: exp(−‖x − y‖² / (bandwidth · median squared distance)).
    name: of the entry, for messages.

  Raises:
    ValueError: no distance between the centres.
  """
  from adapt.weights._kernels import median, squared

  if bandwidth == 0:
    return lambda x: x @ centres.T
  some = centres[:: max(1, len(centres) // 2000)]  # enough for a median
  scale = bandwidth * median(some, name)
  return lambda x: np.exp(-squared(x, centres) / scale)
