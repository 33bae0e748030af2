"""Sources whose features lie apart, and a target between them; and steps of a critic that tells sources."""

import by_hand
import jax
import numpy as np


def domain(offset: float, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Points [n, 2]: a cause that says the label mostly, and a shortcut that does about the offset."""
  rng = np.random.default_rng(seed)
  y = rng.integers(0, 2, n)
  sign = 2 * y - 1
  x = np.stack([sign + rng.normal(0, 1, n), offset + sign + rng.normal(0, 0.5, n)], axis=1)
  return x.astype(np.float32), y.astype(np.int32)


# The same rule holds in all three; pooled training learns that of each source apart, and between
# them the classes change sides.
SOURCES = [domain(-2, 200, 0), domain(2, 200, 1)]
TARGET = domain(0, 1000, 2)


def softmax_critic(critic, x, domains, weights):
  """(loss, gradient by x, gradients) of a linear critic with a logit for each domain."""
  layer = jax.tree.map(lambda v: np.asarray(v, np.float64), critic["Dense_0"])
  labels = np.asarray(domains).argmax(1)
  loss, d = by_hand.cross_entropy(x @ layer["kernel"] + layer["bias"], labels, weights)
  return loss, d @ layer["kernel"].T, {"Dense_0": {"kernel": x.T @ d, "bias": d.sum(0)}}
