"""Problems whose right weights are known: two Gaussians, and classes whose frequencies moved."""

import numpy as np

MEAN, SPREAD = 0.8, 0.7


def covariate_shift(n=400, m=300, seed=0):
  """Source N(0, 1), target N(0.8, 0.7²) on a line, and the ratio of densities at the source."""
  rng = np.random.default_rng(seed)
  xs, xt = rng.normal(size=(n, 1)), MEAN + SPREAD * rng.normal(size=(m, 1))
  return xs, xt, ratio(xs[:, 0])


def ratio(x):
  return np.exp(0.5 * x**2 - 0.5 * ((x - MEAN) / SPREAD) ** 2) / SPREAD


def error(weights, xs):
  """How far a weighted source average of x is from its expectation on the target."""
  return abs(np.average(xs[:, 0], weights=weights) - MEAN)


def label_shift(n=1500, m=1500, before=(0.6, 0.3, 0.1), after=(0.2, 0.3, 0.5), gap=2.0, seed=0):
  """Three overlapping classes; inputs, labels (3, 5 and 8), target inputs, the classes' weights."""
  rng = np.random.default_rng(seed)
  centres = gap * np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
  ys, yt = (rng.choice(3, size, p=p) for size, p in ((n, before), (m, after)))
  xs, xt = (centres[y] + rng.normal(size=(len(y), 2)) for y in (ys, yt))
  true = np.bincount(yt) / m / (np.bincount(ys) / n)
  return xs, np.array([3, 5, 8])[ys], xt, true


def by_class(weights, ys):
  """The weight of each class, which all its examples must have."""
  for label in np.unique(ys):
    assert np.ptp(weights[ys == label]) == 0
  return np.array([weights[ys == label][0] for label in np.unique(ys)])
