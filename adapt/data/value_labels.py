"""Labels of values (regression): numbers, one or several an example."""

import numpy as np


def valued(where: str, y: np.ndarray, n: int) -> np.ndarray:
  """Check numbers to be predicted and convert them to [n, d] float32.

  Args:
    where: what a message calls the array.
    y: [n] or [n, d] numbers; NaN where unknown.
    n: how many examples there are.

  Raises:
    ValueError: one line: no numbers, other shape, infinite.
  """
  if y.dtype.kind not in "uif":
    raise ValueError(
      f"{where} has dtype {y.dtype}, and --output values needs numbers: name another"
    )
  if y.ndim == 2 and len(y) == 1 and y.size == n:
    y = y.T
  if y.ndim not in (1, 2) or len(y) != n:
    raise ValueError(f"{where} has shape {y.shape} for {n} examples: give [n] or [n, d] numbers")
  with np.errstate(over="ignore"):
    found = y.astype(np.float32).reshape(n, -1)
  if np.isinf(found).any():
    raise ValueError(f"{where} has infinite values: leave those examples out")
  return found
