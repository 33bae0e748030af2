"""Gaussian kernels of a pooled sample and their gradient, in NumPy, for the methods made of them."""

import numpy as np

MULTIPLES = np.array([0.25, 0.5, 1.0, 2.0, 4.0])


def kernel(z, bandwidths=None):
  """(mean kernel [n, n], its derivative by the squared distance [n, n]); the median is a constant."""
  d = ((z[:, None] - z[None]) ** 2).sum(-1)
  if bandwidths is None:
    bandwidths = MULTIPLES * np.median(d[np.triu_indices(len(z), 1)])
  each = [np.exp(-d / b) for b in bandwidths]
  slopes = [-k / b for k, b in zip(each, bandwidths, strict=True)]
  return np.mean(each, axis=0), np.mean(slopes, axis=0)


def by_points(z, by_distance):
  """Gradient by the points, from that by the squared distances ‖z_i − z_j‖² (any matrix)."""
  by_distance = by_distance + by_distance.T
  return 2 * (by_distance.sum(1)[:, None] * z - by_distance @ z)


def signs(n, m, estimate):
  """Matrix W with MMD² = Σ W ∘ K over the pooled sample, written as the loops of its definition."""
  w = np.zeros((n + m, n + m))
  if estimate == "linear":
    for i in range(0, min(n, m) - 1, 2):
      w[i, i + 1] = w[n + i, n + i + 1] = 1
      w[i, n + i + 1] = w[i + 1, n + i] = -1
    return w / (min(n, m) // 2)
  for i in range(n + m):
    for j in range(n + m):
      if (i < n) != (j < n):
        w[i, j] = -1 / (n * m)
      elif i != j or estimate == "biased":
        size = n if i < n else m
        w[i, j] = 1 / (size * (size if estimate == "biased" else size - 1))
  return w
