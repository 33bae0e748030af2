"""A fixed split of examples into training and test, class by class."""

import numpy as np


def stratified(
  y: np.ndarray, fraction: float = 0.2, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
  """Hold out a share of each class; of one example, nothing.

  The test part has max(1, ⌊fraction · n⌋) examples: each class gives the whole part of its share,
  and the largest remainders give one more. A class never gives its last example, though the test
  part may stay smaller, unless all classes have only one.

  Args:
    y: labels [n], of any kind that compares; a constant for unlabelled examples. Values [n, d] and masks
      [n, h, w] are no classes: any example may be held out.
    fraction: share of the test part, between 0 and 1.
    seed: of the draw; the same seed gives the same split.

  Returns:
    Rows of the training part and rows of the test part, each ascending.

  Raises:
    ValueError: no example.
  """
  if not len(y):
    raise ValueError("no example is there to be split: give at least 2, one is held out as test")
  if len(y) == 1:  # enough to be predicted; `encode.together` refuses it for training
    return np.arange(1), np.arange(0)
  if np.ndim(y) > 1:
    y = np.zeros(len(y))
  generator = np.random.default_rng(seed)
  _, of, sizes = np.unique(y, return_inverse=True, return_counts=True)
  wanted = max(1, int(fraction * len(y) + 1e-9))  # 0.29 * 100 is a little less than 29
  most = sizes - 1 if (sizes > 1).any() else sizes
  shares = fraction * sizes
  given = np.minimum(shares.astype(int), most)
  # Stable, so that equal remainders go to the first classes; more than once round only where
  # classes of one example leave the others to fill the part.
  while (missing := wanted - int(given.sum())) > 0 and (given < most).any():
    order = np.argsort(given - shares, kind="stable")
    given[order[given[order] < most[order]][:missing]] += 1
  held = [
    generator.permutation(np.flatnonzero(of == k))[:count] for k, count in enumerate(given.tolist())
  ]
  test = np.sort(np.concatenate(held))
  return np.setdiff1d(np.arange(len(y)), test), test
