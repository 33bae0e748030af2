"""A table's columns of labels: classes, values, or several labels."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data import cells, multi_labels
from adapt.data.class_labels import Labels, Numbered, numbered
from adapt.data.value_labels import valued


class Column(NamedTuple):
  """A table's column of labels."""

  name: str
  cells: Any  # of pyarrow
  texts: Sequence[str | None]  # the same as texts, None where missing


Read = tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]


def read(path: str, columns: Sequence[tuple[Any, ...]], how: cells.How, output: str) -> Read:
  """Return labels, their names, and notes.

  Labels are [n] int32 of classes, [n, d] float32 of values, [n, k] int32 of labels (multi-label).

  Args:
    path: the table, for messages.
    columns: see `Column`; of classes one.
    how: the user's options.
    output: what the labels are, see `Reading`.

  Raises:
    ValueError: one line with row (the first is 1) and remedy: a missing label, no number among values.
  """
  found = [Column(*each) for each in columns]
  if output == "labels":
    return _labels(path, found, how)
  if output == "values":
    return np.concatenate([_values(path, each, how) for each in found], axis=1), (), ()
  return _classes(path, found[0], how)


def _labels(path: str, columns: Sequence[Column], how: cells.How) -> Read:
  """Labels [n, k]; an empty cell is unknown."""
  names = tuple(each.name for each in columns)
  numbers = [cells.column(path, each.name, each.cells, how) for each in columns]
  if words := [each.name for each in numbers if not each.numeric]:
    raise ValueError(f"{path} column '{words[0]}' has texts: give labels of 0 and 1")
  y = multi_labels.marked(
    f"{path} columns {', '.join(names)[:80]}",
    np.stack([each.values for each in numbers], axis=1),
    len(columns[0].texts),
  )
  return y, names, multi_labels.remarks(path, y, names)


def _values(path: str, column: Column, how: cells.How) -> np.ndarray:
  where = f"{path} column '{column.name}'"
  if empty := _empty(column):
    raise ValueError(
      f"{where} row {empty[0] + 1} is empty, and {len(empty)} are: leave such rows out"
    )
  numbers = cells.column(path, column.name, column.cells, how).values
  return valued(where, numbers, len(numbers))


def _empty(column: Column) -> list[int]:
  return [i for i, text in enumerate(column.texts) if text is None]


def _classes(path: str, own: Column, how: cells.How) -> Read:
  import pyarrow as pa

  where, column, texts = f"{path} column '{own.name}'", own.cells, own.texts
  if empty := _empty(own):
    raise ValueError(f"{where} row {empty[0] + 1} is empty: label every row, or drop the column")
  truth = {"true": "True", "false": "False"}
  if all(str(text).lower() in truth for text in texts):
    y = np.array([truth[str(text).lower()] for text in texts])
  elif pa.types.is_integer(column.type):
    y = column.to_numpy()
  else:
    found = cells.column(path, own.name, column, how, lenient=True)
    y = found.values if found.numeric else np.array(texts)
  made: Numbered = numbered([Labels(where, y, len(y))])
  return made.parts[0], made.classes, (*cells.mended(where, column), *made.notes)
