"""One array from many values: arrays, tensors, pictures or texts."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from adapt.data import files, ragged, rounding, sparse, texts
from adapt.data.raw import Ragged

_CHANNELS = (1, 3, 4)
_FEW = 4  # dimensions of a batch of pictures


def array(value: Any) -> np.ndarray:
  """A value as an array: tensors leave their graph and device first."""
  if hasattr(value, "detach") and hasattr(value, "cpu"):
    value = value.detach().cpu()
  return np.asarray(value)


def is_picture(value: Any) -> bool:
  """Whether it is one of Pillow's images."""
  return hasattr(value, "getbands") and hasattr(value, "convert")


def stacked(values: Sequence[Any], name: str) -> tuple[Any, tuple[str, ...]]:
  """Rows under one another.

  Args:
    values: one a row, all of one kind and shape: arrays, lists of numbers, or pictures; series
      [t, c] or [t] may differ in length.
    name: what messages call them.

  Returns:
    [n, ...], or `Ragged`, and what is to be told, a line each.

  Raises:
    ValueError: no row, or one that is not as the first; the message says which.
  """
  if not len(values):
    raise ValueError(f"{name} has no rows: give at least 2")
  kind = _one_kind(values, name)
  if kind in ("nothing", "a dict"):
    raise ValueError(f"{name} row 0 is {kind}: give arrays, pictures or texts")
  if kind == "a picture":
    found, notes = _pictures(values, name)
  else:
    found, notes = [array(v) for v in values], ()
  _check_numbers(found, name)
  series = None if kind == "a picture" else ragged.of_rows(found, name)
  if series is not None:
    return series[0], (*notes, series[1])
  _check_shapes(found, name)
  return np.stack(found), notes


def inputs(x: Any, name: str) -> tuple[Any, tuple[str, ...]]:
  """Inputs as `files.inputs` has them, and notes about them.

  Args:
    x: an array, tensor or sparse matrix, or a list of rows as `stacked` takes them. Pictures with
      their channels first ([n, c, h, w], as torch has them) get them last.
    name: what messages call them.

  Returns:
    An array, `Texts` or `Ragged`; and a line each.

  Raises:
    ValueError: what `stacked` and `files.inputs` refuse; a sparse matrix that memory does not hold.
  """
  if hasattr(x, "tocsr"):
    full = sparse.dense(name, x)
    return files.inputs(name, full), rounding.notes(name, full)
  given = None if isinstance(x, list | tuple) else array(x)
  notes: tuple[str, ...] = ()
  if given is None and _is_numbers(x):
    given = np.asarray(x)
  if given is None or (given.ndim == 1 and given.dtype.kind in "OU"):
    values = x if given is None else given.tolist()
    if len(values) and _kind(values[0]) == "a text":
      return texts.given(values, name), ()
    given, notes = stacked(values, name)
    if isinstance(given, Ragged):
      return given, notes
  found, more = _channels_last(given, name)
  return files.inputs(name, found), (*notes, *more, *rounding.notes(name, found))


def _is_numbers(x: Sequence[Any]) -> bool:
  """Whether it is an array of numbers written as lists in a list."""
  if not len(x) or hasattr(x[0], "shape") or _kind(x[0]) != "an array":
    return False
  try:
    return np.asarray(x).dtype.kind in "buif"
  except (ValueError, TypeError):  # rows of several lengths, or of tensors
    return False


def _kind(value: Any) -> str:
  if value is None:
    return "nothing"
  if isinstance(value, dict):
    return "a dict"
  if isinstance(value, str):
    return "a text"
  return "a picture" if is_picture(value) else "an array"


def _one_kind(values: Sequence[Any], name: str) -> str:
  """The kind of all rows; ValueError names the first of another."""
  first = _kind(values[0])
  for i, value in enumerate(values):
    if (kind := _kind(value)) != first:
      raise ValueError(f"{name} row {i} is {kind}, row 0 is {first}: give all alike")
  return first


def _pictures(values: Sequence[Any], name: str) -> tuple[list[np.ndarray], tuple[str, ...]]:
  """Pictures as [h, w] where all are grey, else as [h, w, 3]."""
  deep = ("L", "I", "I;16", "I;16B", "F")  # one channel, whose values are kept
  modes = {v.mode for v in values}
  if len(modes) == 1 and modes & {*deep, "RGB"}:
    return [np.asarray(v) for v in values], ()
  if strange := next((i for i, v in enumerate(values) if v.mode in deep[1:]), None):
    raise ValueError(
      f"{name} row {strange} is a picture of mode {values[strange].mode} among others: convert all "
      "to one mode"
    )
  note = f"{name} has pictures of mode {', '.join(sorted(modes))}, taken as RGB"
  return [np.asarray(v.convert("RGB")) for v in values], (note,)


def _check_numbers(found: Sequence[np.ndarray], name: str) -> None:
  """Raises ValueError for the first row that is not of numbers as row 0."""
  first = found[0]
  if first.dtype.kind not in "buif":
    raise ValueError(f"{name} row 0 has dtype {first.dtype}: give numbers")
  if not first.ndim:
    raise ValueError(f"{name} row 0 is a single number: give a vector, series or picture a row")
  for i, row in enumerate(found):
    if row.dtype.kind not in "buif" or (row.dtype == np.uint8) != (first.dtype == np.uint8):
      raise ValueError(f"{name} row {i} is {row.dtype}, row 0 is {first.dtype}: give all alike")


def _check_shapes(found: Sequence[np.ndarray], name: str) -> None:
  """Raises ValueError for the first row that has not the shape of row 0."""
  first = found[0]
  for i, row in enumerate(found):
    if row.shape != first.shape:
      raise ValueError(
        f"{name} row {i} has shape {list(row.shape)}, row 0 {list(first.shape)}: bring all to one "
        "shape (pictures: resize; series of several lengths: give floats)"
      )


def _channels_last(x: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
  """Pictures [n, c, h, w] as [n, h, w, c]: c is 1, 3 or 4, and neither h nor w is."""
  if x.ndim != _FEW or x.shape[1] not in _CHANNELS or set(x.shape[2:]) & {*_CHANNELS, 2}:
    return x, ()
  note = f"{name} has shape {list(x.shape)}, taken as pictures with their channels first"
  return np.moveaxis(x, 1, -1), (note,)
