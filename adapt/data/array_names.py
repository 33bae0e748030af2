"""Find inputs and labels among a file's arrays by their usual names."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from adapt.data.class_labels import clean

# What inputs and labels go by; case does not matter.
NAMES = {
  "x": ("x", "fts", "features", "feas", "feature", "data", "samples", "inputs", "x_train"),
  "y": ("y", "labels", "label", "gnd", "gt", "target", "targets", "class", "y_train"),
  "x_test": ("x_test", "test_data"),
  "y_test": ("y_test", "test_labels"),
}


def chosen(
  path: Path, names: Iterable[str], array: Callable[[str], np.ndarray]
) -> dict[str, np.ndarray]:
  """The arrays x, y, x_test and y_test of a file.

  They are found by their usual names.

  Raises:
    ValueError: no inputs, or several arrays that may be.
  """
  names = list(names)
  found = _found(path, names)
  if "x" not in found:
    raise ValueError(
      f"{path} has the arrays {', '.join(sorted(names))[:200] or '(none)'}: name the inputs x and "
      "the labels y"
    )
  return {what: array(name) for what, name in found.items()}


def unused(path: Path, names: Iterable[str]) -> tuple[str, ...]:
  """What is told of the arrays that `chosen` leaves out."""
  names = list(names)
  rest = sorted(set(names) - set(_found(path, names).values()))
  return (f"{path} has more arrays, which are not used: {', '.join(rest)[:200]}",) if rest else ()


def column_names(path: Path, names: np.ndarray, shape: Sequence[int]) -> tuple[str, ...]:
  """The names of the columns of vectors [n, d], from texts [d].

  Raises:
    ValueError: other shapes, or one name twice.
  """
  if names.dtype.kind != "U" or len(shape) != 2 or names.shape != shape[1:]:
    raise ValueError(
      f"{path} features are {names.dtype} of shape {names.shape}, x has shape {shape}: give a text "
      "for each column of vectors"
    )
  called = tuple(map(clean, names.tolist()))
  if len(set(called)) < len(called):
    raise ValueError(f"{path} features has one name twice: give each column its own")
  return called


def _found(path: Path, names: list[str]) -> dict[str, str]:
  found = {}
  for what, usual in NAMES.items():
    there = [n for n in names if n.lower() in usual]
    if len(there) > 1:
      first = [n for n in there if n.lower() == what]
      if len(first) != 1:
        raise ValueError(f"{path} has {' and '.join(there)}, which may be {what}: name one {what}")
      there = first
    if there:
      found[what] = there[0]
  return found
