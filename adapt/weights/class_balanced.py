"""Class-balanced weights by effective numbers (Cui et al., CVPR 2019, arXiv:1901.05555)."""

import numpy as np

FAMILY = "label shift"


def class_balanced(
  xs: np.ndarray, ys: np.ndarray, xt: np.ndarray, *, beta: float = 1.0
) -> np.ndarray:
  """Makes rare source classes count as much as frequent ones.

      w(y) ∝ (1 − beta) / (1 − beta^n(y)),  n(y) examples of class y

  The weight is the inverse of the class's effective number (Proposition 1); as beta goes to 1 it
  becomes 1 / n(y).

  Where re-implementations go wrong: the paper normalises the sum over *classes*; a loss averaged
  over examples then changes its scale, and so the step size. Here the mean over *examples* is 1.

  Args:
    xs: source inputs [n, d]; unused.
    ys: source labels [n].
    xt: target inputs [m, d]; unused.
    beta: 1 for inverse class frequency, 0 for no weighting; the paper takes 0.9 to 0.9999.

  Returns:
    Weights [n], float32, mean 1.

  Raises:
    ValueError: beta is outside [0, 1].
  """
  del xs, xt
  if not 0 <= beta <= 1:
    raise ValueError(f"beta is {beta}: choose a number from 0 to 1")
  _, of_example, counts = np.unique(ys, return_inverse=True, return_counts=True)
  effective = counts if beta == 1 else (1 - beta**counts) / (1 - beta)  # [classes]
  weights = 1.0 / effective[of_example]
  return (weights / weights.mean()).astype(np.float32)
