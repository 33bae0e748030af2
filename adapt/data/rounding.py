"""Find numbers too far from zero for float32 to tell them apart."""

import numpy as np

_BLUR = 0.02  # share of the spread that float32's rounding may be
_NOISE = 1e-10  # share of the mean below which a spread is what float64 leaves of a constant
_BLOCK = 256  # columns judged at once


def blurred(x: np.ndarray) -> np.ndarray:
  """Which columns of numbers [n, d] float32 would blur, [d] bool.

  Of a time in seconds since 1970, float32 tells apart every other minute.

  Args:
    x: NaN where missing.
  """
  found = np.zeros(x.shape[1], bool)
  if len(x) < 2 or x.dtype.kind not in "iuf" or x.dtype in (np.float16, np.float32):
    return found
  with np.errstate(all="ignore"):
    for k in range(0, x.shape[1], _BLOCK):
      wide = x[:, k : k + _BLOCK].astype(np.float64)
      known = np.isfinite(wide)
      count = np.maximum(known.sum(axis=0), 1)
      mean = np.where(known, wide, 0).sum(axis=0) / count
      spread = np.sqrt((np.where(known, wide - mean, 0) ** 2).sum(axis=0) / count)
      lost = np.where(known, wide.astype(np.float32) - wide, 0)
      error = np.sqrt((lost**2).sum(axis=0) / count)
      found[k : k + _BLOCK] = (error > _BLUR * spread) & (spread > _NOISE * np.abs(mean))
  return found


def notes(where: str, x: np.ndarray) -> tuple[str, ...]:
  """What is told of vectors [n, d] with columns that float32 blurs."""
  if x.ndim != 2 or not (columns := np.flatnonzero(blurred(x))).size:
    return ()
  known = x[np.isfinite(x[:, columns[0]]), columns[0]].astype(np.float64)
  return (
    f"{where} column {columns[0]} spreads by {known.std():.3g} around {np.median(known):.10g}, which "
    f"float32 blurs{f', as {len(columns) - 1} more' * (len(columns) > 1)}: subtract that, or give a "
    "table or data frame",
  )
