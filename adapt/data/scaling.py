"""Scale vectors by statistics of training examples, and tell counts from measurements."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt import catalogue

HOW = ("standard", "none", "robust", "per-domain")
FARTHEST = 20.0  # in standard deviations, or interquartile ranges
_ZEROS = 0.9  # share of zeros from which whole numbers are counts
_COLUMNS = 50  # and so many columns


def check(how: str) -> None:
  """Raise ValueError for a scaling of no name."""
  if how and how not in HOW:
    raise ValueError(catalogue.unknown("scale", how, HOW))


def fit(xs: Sequence[np.ndarray], how: str, flags: Sequence[bool] = ()) -> dict[str, Any]:
  """Learn where columns lie and how widely they spread.

  Args:
    xs: training vectors [n, d], pooled.
    how: "robust" takes median and interquartile range; all else mean and standard deviation.
    flags: which columns say 0 or 1 of something, [d]; they stay as they are, since what is rare in
      the sources and common in the target would become far larger than all else. (): none.

  Returns:
    {"step": "scale", "how": how, "centre": [d], "width": [d]}; the width of a constant column is 1,
    so that it stays finite.
  """
  x = np.concatenate(xs).astype(np.float64)
  centre, width = x.mean(axis=0), x.std(axis=0)
  if how == "robust":
    low, centre, high = np.percentile(x, (25, 50, 75), axis=0)
    # Of a column that is mostly one value, the quartiles are equal.
    width = np.where(high > low, high - low, width)
  # What rounding leaves of a constant is no spread.
  width = np.where(width > 1e-7 * np.abs(centre), width, 1.0)
  if len(flags):
    centre, width = np.where(flags, 0.0, centre), np.where(flags, 1.0, width)
  return {"step": "scale", "how": how, "centre": centre.tolist(), "width": width.tolist()}


def scaled(x: np.ndarray, step: Mapping[str, Any]) -> np.ndarray:
  """Scale vectors [n, d] as `fit` has learnt; float32.

  A column that is nearly constant in the sources would be hundreds of times larger than all others
  in the target: beyond `FARTHEST` widths from the centre, distances grow as their logarithm.
  """
  centre, width = np.asarray(step["centre"]), np.asarray(step["width"])
  found: np.ndarray = within_reach((x - centre) / width, np).astype(np.float32)
  return found


def within_reach(z: Any, module: Any) -> Any:
  """Compress values beyond `FARTHEST` logarithmically.

  `module` is numpy or jax.numpy.
  """
  size = module.abs(z)
  far = FARTHEST + module.log1p(module.maximum(size - FARTHEST, 0.0))
  return module.where(size > FARTHEST, module.sign(z) * far, z)


def beyond(x: np.ndarray, step: Mapping[str, Any]) -> float:
  """Return the share of values [n, d] that lie beyond `FARTHEST`."""
  centre, width = np.asarray(step["centre"]), np.asarray(step["width"])
  return float((np.abs((x - centre) / width) > FARTHEST).mean())


def is_counts(xs: Sequence[np.ndarray]) -> bool:
  """Whether vectors are counts, such as bags of words.

  Counts are many whole numbers, nearly all 0.
  """
  if xs[0].shape[1] < _COLUMNS:
    return False
  zeros = sum(int((x == 0).sum()) for x in xs) / max(sum(x.size for x in xs), 1)
  return zeros >= _ZEROS and all(bool(((x >= 0) & (x == np.trunc(x))).all()) for x in xs)
