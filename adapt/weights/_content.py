"""What the weightings share: checks, an order of rows, and normalisation.

The rows' contents decide the order.
"""

import numpy as np

_ROWS = 4096  # converted to float64 at a time


def by_content(x: np.ndarray) -> np.ndarray:
  """A random order of rows that depends on their contents alone.

  The rows are x [n, d]; however they came, the order is the same. Seeding alone would not do: the
  same examples in another order would be sampled otherwise.
  """
  rng = np.random.default_rng(0)
  direction = rng.normal(size=x.shape[1])
  # In float64, so that the sums' order, which differs between rows, cannot exchange two of them.
  scores = [x[i : i + _ROWS].astype(np.float64) @ direction for i in range(0, len(x), _ROWS)]
  return np.argsort(np.concatenate(scores), kind="stable")[rng.permutation(len(x))]


def refuse_unfit(name: str, xs: np.ndarray, xt: np.ndarray, fewest: int) -> None:
  """Raises ValueError for domains with too few examples or invalid numbers.

  Too few are fewer than `fewest`; NaN and infinity are invalid.
  """
  if min(len(xs), len(xt)) < fewest:
    raise ValueError(
      f"{name} has {len(xs)} source and {len(xt)} target examples: give at least {fewest}"
    )
  if not (np.isfinite(xs).all() and np.isfinite(xt).all()):
    raise ValueError(f"{name}: the inputs hold NaN or infinity: clean them")


def mean_one(ratio: np.ndarray, name: str) -> np.ndarray:
  """Divides ratio [n] by its mean, in float32.

  ValueError if there is nothing to divide.
  """
  mean = float(ratio.mean())
  if not mean > 0:
    raise ValueError(
      f"{name} gives every source example weight 0, the target lies too far off: "
      "use --weights discriminator, or give a larger bandwidth"
    )
  return (ratio / mean).astype(np.float32)


def clipped(log_ratio: np.ndarray, clip: float, name: str) -> np.ndarray:
  """Clips a ratio so that its mean is 1, in float32.

  It is min(c · ratio, clip), with the one c that makes the mean 1. Clipping first and dividing by
  the mean afterwards would push weights above clip again. The search is for log c: in many
  dimensions ratios span more than a float can hold.

  Args:
    log_ratio: [n], −inf for a ratio of 0.
    clip: no weight is larger.
    name: of the weighting, for messages.

  Raises:
    ValueError: clip is below 1, or so few ratios are positive that no c exists.
  """
  if not clip >= 1:
    raise ValueError(f"clip is {clip}: weights have mean 1, choose at least 1")
  positive = log_ratio[log_ratio > -np.inf]
  if len(positive) * clip < len(log_ratio):
    raise ValueError(
      f"{name} gives weight to {len(positive)} of {len(log_ratio)} source examples only, the target "
      "lies too far off: use --weights discriminator, or a larger bandwidth or clip"
    )
  limit = float(np.log(clip))
  low, high = -float(positive.max()), limit - float(positive.min())
  for _ in range(200):  # halves until floats end
    middle = 0.5 * (low + high)
    mean = np.exp(np.minimum(log_ratio + middle, limit)).mean()
    low, high = (middle, high) if mean < 1 else (low, middle)
  return np.exp(np.minimum(log_ratio + high, limit)).astype(np.float32)
