"""Share of a target unusually far from the source, without labels.

What is usual is how far the source is from itself.
"""

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

_MOST = 2000  # examples of a domain
USUAL = 0.05  # share of held-out source examples that count as far


def far_share(
  xs: Float[np.ndarray, "n d"], xt: Float[np.ndarray, "m d"], *, most: int = _MOST
) -> float:
  """Share of target examples unusually far from their nearest source example.

  Novelty by nearest neighbours (Ramaswamy, Rastogi & Shim, SIGMOD 2000): one half of the source is what
  is near, the 95 % quantile of the other half's distances from it is the limit. About 0.05 where nothing
  differs; greater with new classes, and with a shift of all inputs.

  Args:
    xs: source inputs in random order, of comparable scale in every feature.
    xt: target inputs in random order.
    most: examples of a domain that are looked at.

  Raises:
    ValueError: fewer than four source examples, no target example, or inputs that differ in shape.
  """
  if xs.ndim != 2 or xt.ndim != 2 or xs.shape[1] != xt.shape[1] or len(xs) < 4 or not len(xt):
    raise ValueError(
      f"inputs of shapes {list(xs.shape)} and {list(xt.shape)}: give [n, d] twice, n at least 4"
    )
  near, other = xs[:most][::2], xs[:most][1::2]
  tree = cKDTree(near)
  limit = np.quantile(tree.query(other)[0], 1 - USUAL)
  return float((tree.query(xt[:most])[0] > limit).mean())
