"""Data frames, where pandas is installed."""

from typing import Any

import numpy as np

from adapt import extras
from adapt.data.raw import Column, Table


def pandas() -> Any:
  """The module pandas; ValueError says how to get it."""
  try:
    import pandas as found
  except ImportError:
    raise ValueError(f"data frames need pandas: {extras.install('notebook')}") from None
  return found


def is_frame(x: Any) -> bool:
  """Whether it is a data frame."""
  return hasattr(x, "columns") and hasattr(x, "iloc")


def table(frame: Any) -> Table:
  """A data frame's columns: numbers as they are, all else as texts."""
  return Table(tuple(Column(str(name), _values(frame[name])) for name in frame.columns))


def _values(series: Any) -> np.ndarray:
  """[n] float64 with NaN, or texts with None, where missing."""
  lacks, kind = series.isna().to_numpy(), getattr(series.dtype, "kind", "O")
  if kind in "buif" and not hasattr(series, "cat"):
    return np.asarray(series.to_numpy(dtype=np.float64, na_value=np.nan))
  found = series.astype(object).to_numpy(copy=True)
  known = found[~lacks].tolist()
  if known and all(isinstance(v, int | float) for v in known):
    found[lacks] = np.nan
    return np.asarray(found.astype(np.float64))
  found[~lacks] = [str(v) for v in known]
  found[lacks] = None
  return np.asarray(found)
