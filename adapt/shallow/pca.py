"""Principal component analysis of both domains pooled (Long et al., ICCV 2013, a baseline)."""

import numpy as np

from adapt.shallow.maps import Maps, directions, double


def pca(xs: np.ndarray, xt: np.ndarray, *, dim: int = 100) -> Maps:
  """Projects both domains on the pooled examples' principal directions.

  x → x P, P the leading eigenvectors of the covariance of [xs; xt]. Nothing is adapted: it is what
  `jda` and its kin are compared with.

  Args:
    xs: source inputs [n, d].
    xt: target inputs [m, d].
    dim: number of components, 100 in the paper; at most the rank of the pooled examples.

  Raises:
    ValueError: dim out of range.
  """
  most = min(len(xs) + len(xt) - 1, xs.shape[1])
  if not 0 < dim <= most:
    raise ValueError(f"dim is {dim}: choose 1 to {most}")
  p = directions(np.concatenate([double(xs), double(xt)]), dim)
  return Maps(lambda x: double(x) @ p, lambda x: double(x) @ p)
