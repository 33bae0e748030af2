"""Groups of test examples among a user's arrays and frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from adapt.api import frames
from adapt.data.group_column import named
from adapt.data.reading import Reading


def refuse(groups: Any, reading: Reading) -> None:
  """Raises ValueError where groups [n] are given that nothing measures."""
  if groups is None:
    return
  if reading.output != "classes":
    raise ValueError(
      f"groups are for the accuracy of classes, and output is {reading.output}: leave them out"
    )
  for name, on in (("transductive", reading.transductive), ("window", reading.window)):
    if on:
      raise ValueError(f"groups are of a test split, which {name} makes anew: leave one out")


def parted(given: Sequence[Any], column: str) -> tuple[list[Any], list[np.ndarray | None]]:
  """Data without their column of groups, and its values.

  Args:
    given: what `adapt.fit` takes: frames, pairs of a frame and labels, or anything else, which stays.
    column: its name; empty: there is none.
  """
  parts = [_parted(one, column) for one in given]
  return [rest for rest, _ in parts], [values for _, values in parts]


def _parted(one: Any, column: str) -> tuple[Any, np.ndarray | None]:
  if isinstance(one, tuple) and len(one) == 2:
    rest, values = _parted(one[0], column)
    return (rest, one[1]), values
  if not column or not frames.is_frame(one) or column not in one.columns:
    return one, None
  return one.drop(columns=[column]), one[column].to_numpy()


def grouped(one: Any, groups: Any) -> Any:
  """What was read, with the groups of its examples [n], if any."""
  return one if groups is None else one._replace(groups=named("groups", groups, len(one.x)))
