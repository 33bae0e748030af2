"""Examples in clusters, for the validators that look for them."""

import jax
import numpy as np

from adapt.validators._clusters import clustered

M, K = 60, 4
RNG = np.random.default_rng(0)
TRUE = np.arange(M) % K
FT = (3 * RNG.normal(size=(K, 5))[TRUE] + RNG.normal(size=(M, 5))).astype(np.float32)
PREDICTED = np.where(RNG.random(M) < 0.3, RNG.integers(0, K, M), TRUE)
RANDOM = RNG.integers(0, K, M)
clustering = jax.jit(clustered)


def one_hot(labels, classes=K):
  return np.eye(classes, dtype=np.float32)[labels]


def found(labels, classes=K):
  return np.asarray(clustering(FT, one_hot(labels, classes)))
