"""Data frames of pandas, and tables that become such."""

from collections.abc import Collection
from typing import Any

import numpy as np

from adapt import extras
from adapt.data.raw import Column, Table
from adapt.data.table_names import SPLIT


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


def as_frames(x: Any) -> Any:
  """Tables of polars and pyarrow as data frames; all else stays."""
  if isinstance(x, tuple) and len(x) == 2:
    return tuple(map(as_frames, x))
  named = hasattr(x, "columns") and hasattr(
    x, "to_pandas"
  )  # a data set of Hugging Face has no columns
  return x.to_pandas() if named and not is_frame(x) else x


def table(frame: Any, missing: Collection[str] = ()) -> Table:
  """A data frame's columns: numbers as they are, all else as texts.

  Args:
    frame: what `is_frame` says yes to.
    missing: values that mean a missing cell, as in `Reading`.

  Raises:
    ValueError: a name that two columns have, or a column of splits, as a file may have one.
  """
  names = [str(name) for name in frame.columns]
  if twice := [name for name in names if names.count(name) > 1]:
    raise ValueError(f"the frame has several columns named '{twice[0]}': rename them")
  if SPLIT in names and set(frame[SPLIT].unique()) <= {"train", "test", "val", "validation"}:
    raise ValueError(
      f"the frame has a column '{SPLIT}' of train and test, which only files are parted by: give the rows of "
      "train, and those of test as test=, without it"
    )
  return Table(tuple(Column(str(n), _values(frame[n], missing)) for n in frame.columns))


def _values(series: Any, missing: Collection[str]) -> np.ndarray:
  """[n] float64 with NaN, or texts with None, where missing."""
  if missing:
    series = series.mask(series.isin([*missing, *_numbers(missing)]))
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


def _numbers(texts: Collection[str]) -> list[float]:
  """Those of them that are numbers."""
  found = []
  for text in texts:
    try:
      found.append(float(text))
    except ValueError:
      continue
  return found
