"""Number the classes of any kind of labels, and keep names."""

import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

MOST_CLASSES = 100_000  # a label that is no class would ask for so many names
_AMOUNTS = 6  # different whole numbers, from which it is told that they may be amounts
_VALUES = ", or, if they are amounts to be predicted, give --output values"
_MEASURED = 50  # different values, from which labels of every other example are no classes


class Labels(NamedTuple):
  """Labels as they stand somewhere, and what a message calls that place."""

  where: str
  values: np.ndarray  # [n], [n, 1], [1, n] or one-hot [n, k]
  n: int  # how many examples there are


class Numbered(NamedTuple):
  """Labels 0 … K-1 of each part, with classes and notes."""

  parts: tuple[np.ndarray, ...]  # each [n] int32
  classes: tuple[str, ...]
  notes: tuple[str, ...]


def clean(name: str) -> str:
  """A name in Unicode's composed form, without blanks around it."""
  return unicodedata.normalize("NFC", name).strip()


def numbered(parts: Sequence[Labels]) -> Numbered:
  """Number the classes of a domain alike in all its parts.

  Whole numbers from 0 on stay as they are. Others (from 1 on, -1 and 1, names, truth values, one-hot
  rows) are numbered in the order of their values, which the classes are called by.

  Args:
    parts: labels of the training split and, if there are any, of the test split.

  Raises:
    ValueError: one line: other shape or number, not whole, -1 beside 0, values that differ in
      nearly every example.
  """
  columns = [_column(part) for part in parts]
  where, joined = parts[0].where, np.concatenate(columns)
  sizes = np.cumsum([len(c) for c in columns])[:-1]
  notes: list[str] = []
  if parts[0].values.ndim == 2 and parts[0].values.shape[1] > 1 and len(parts[0].values) > 1:
    notes.append(f"{where} is one-hot: its columns are the classes")
  if joined.dtype.kind == "U":
    names = np.array([clean(name) for name in joined.tolist()], object)
    if (empty := np.flatnonzero(names == "")).size:
      raise ValueError(f"{where} row {empty[0] + 1} is empty: label every row, or none")
    if (names != joined).any():
      first = next(a for a, b in zip(joined.tolist(), names.tolist(), strict=True) if a != b)
      notes.append(f"{where} has names with blanks or in another Unicode form, mended: {first!r}")
    joined = names.astype(str)
  elif joined.dtype.kind != "b":
    _check_numbers(parts, columns)
    if len(joined) and joined.min() == 0:
      _check_most(where, joined)
      classes = tuple(map(str, range(int(joined.max()) + 1)))
      if len(present := np.unique(joined)) > _MEASURED and len(present) < len(classes):
        notes.append(
          f"{where} has {len(present)} different whole numbers up to {classes[-1]}: they are taken "
          f"for classes{_VALUES}"
        )
      found = np.split(joined.astype(np.int32), sizes)
      return Numbered(tuple(found), classes, tuple(notes))
  values, y = np.unique(joined, return_inverse=True)
  if len(values) > MOST_CLASSES or len(values) > max(_MEASURED, len(joined) / 2):
    raise ValueError(
      f"{where} has {len(values)} different labels for {len(joined)} examples, which are no "
      "classes: name another column or array as labels" + _VALUES * (joined.dtype.kind in "uif")
    )
  called = tuple(str(v) if joined.dtype.kind in "Ub" else str(int(v)) for v in values.tolist())
  if joined.dtype.kind not in "Ub" and len(called):
    amounts = _VALUES * (joined.dtype.kind in "uif" and len(called) >= _AMOUNTS)
    notes.append(
      f"{where}: labels {_listed(called)} are the classes 0 … {len(called) - 1}{amounts}"
    )
  return Numbered(tuple(np.split(y.astype(np.int32), sizes)), called, tuple(notes))


def from_zero(where: str, y: np.ndarray, n: int) -> np.ndarray:
  """Check labels and convert them to [n] int32.

  They are whole numbers of any dtype, [n] or [n, 1].

  Args:
    where: what a message calls the array.
    y: the labels.
    n: how many examples there are.

  Raises:
    ValueError: other shape or number, not whole, negative.
  """
  if y.dtype.kind not in "uif":
    raise ValueError(f"{where} has dtype {y.dtype}: number the classes 0, 1, 2, … as integers")
  if y.ndim == 2 and y.shape[1] == 1:
    y = y[:, 0]
  if y.ndim != 1:
    raise ValueError(f"{where} has shape {y.shape}: give one integer label an example, shape [n]")
  if len(y) != n:
    raise ValueError(f"{where} has {len(y)} labels for {n} examples: give one for each")
  if y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.trunc(y))).all():
    raise ValueError(f"{where} has labels that are not integers: number the classes 0, 1, 2, …")
  if (y < 0).any():
    raise ValueError(f"{where} has negative labels ({y.min()}): number the classes 0, 1, 2, …")
  _check_most(where, y)
  return y.astype(np.int32)


def _listed(names: Sequence[str]) -> str:
  return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _column(part: Labels) -> np.ndarray:
  """Labels [n] of numbers, truth values or text."""
  where, y, n = part
  if y.dtype.kind == "O":
    y = np.array([_item(value) for value in y.ravel().tolist()]).reshape(y.shape)
  if y.dtype.kind == "S":
    y = np.char.decode(y, "utf-8", "backslashreplace")
  if y.dtype.kind not in "uifbU":
    raise ValueError(f"{where} has dtype {y.dtype}: give names, or number the classes 0, 1, 2, …")
  if y.ndim == 2 and 1 in y.shape and y.size == n:
    y = y.ravel()
  if y.ndim == 2 and len(y) == n and y.dtype.kind != "U" and _one_hot(y):
    y = y.argmax(axis=1)
  if y.ndim != 1:
    marks = y.ndim == 2 and len(y) == n and y.dtype.kind != "U" and np.isin(y, (-1, 0, 1)).all()
    more = ", or, if each column is a label of its own, give --output labels" * bool(marks)
    raise ValueError(
      f"{where} has shape {y.shape}: give one label an example, shape [n], or one-hot{more}"
    )
  if len(y) != n:
    raise ValueError(f"{where} has {len(y)} labels for {n} examples: give one for each")
  return y


def _item(value: Any) -> Any:
  """The one value in nested arrays, as MATLAB's cells are."""
  while isinstance(value, np.ndarray) and value.size == 1:
    value = value.ravel()[0]
  return value


def _one_hot(y: np.ndarray) -> bool:
  return bool(((y == 0) | (y == 1)).all() and (y.sum(axis=1) == 1).all())


def _check_most(where: str, y: np.ndarray) -> None:
  if float(y.max(initial=0)) >= MOST_CLASSES:
    raise ValueError(
      f"{where} has labels up to {y.max()}, more than {MOST_CLASSES}: number the classes 0, 1, 2, …"
    )


def _check_numbers(parts: Sequence[Labels], columns: Sequence[np.ndarray]) -> None:
  for part, y in zip(parts, columns, strict=True):
    if y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.trunc(y))).all():
      raise ValueError(
        f"{part.where} has labels that are not integers: number the classes 0, 1, 2, …{_VALUES}"
      )
    if (y == -1).any() and (y == 0).any():
      raise ValueError(
        f"{part.where} has negative labels (-1) beside 0: number the classes 0, 1, 2, …, or leave "
        "out the examples whose labels are unknown"
      )
