"""Inputs before they are one array: tables, texts, uneven series.

They are as a user's file has them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Cells(NamedTuple):
  """A column's cells as its file has them, for another reading."""

  array: Any  # of pyarrow: the whole file's
  how: Any  # `cells.How` by which they were read
  style: str  # see `decimals.style`
  rows: np.ndarray | None = None  # the column's among them; None: all

  def of(self, values: np.ndarray) -> np.ndarray:
    """The column's values among those of the whole file."""
    return values if self.rows is None else np.asarray(values[self.rows])


class Column(NamedTuple):
  """One column of a table.

  Numbers are float64 with NaN where missing; categories are an object array of str, with None where
  missing.
  """

  name: str
  values: np.ndarray  # [n]
  cells: Cells | None = None  # where it is of a file of texts

  @property
  def numeric(self) -> bool:
    """Whether the values are numbers."""
    return self.values.dtype.kind == "f"

  def taken(self, rows: Any) -> "Column":
    """The column of these rows."""
    own = self.cells
    if own is not None:
      own = own._replace(rows=(np.arange(len(own.array)) if own.rows is None else own.rows)[rows])
    return self._replace(values=self.values[rows], cells=own)


def _under(name: str, parts: Sequence[Column]) -> Column:
  """Columns under one another; the cells stay known where all are of one file."""
  values, own = np.concatenate([c.values for c in parts]), [c.cells for c in parts]
  first = own[0]
  if first is None or any(c is None or c.array is not first.array for c in own):
    return Column(name, values)
  every = np.arange(len(first.array))
  rows = np.concatenate([every if c is None or c.rows is None else c.rows for c in own])
  return Column(name, values, first._replace(rows=rows))


class Table:
  """Rows of named columns, indexed by rows like an array [n, d]."""

  ndim = 2
  dtype = np.dtype(object)

  def __init__(self, columns: tuple[Column, ...]) -> None:
    self.columns = columns

  def __len__(self) -> int:
    return len(self.columns[0].values)

  def __getitem__(self, rows: Any) -> "Table":
    return Table(tuple(c.taken(rows) for c in self.columns))

  @property
  def shape(self) -> tuple[int, int]:
    """Rows and columns."""
    return len(self), len(self.columns)

  @property
  def names(self) -> tuple[str, ...]:
    """The columns' names."""
    return tuple(c.name for c in self.columns)


def joined(tables: Sequence[Table]) -> Table:
  """Concatenates rows of tables with the same columns.

  The first says their order.
  """
  by_name = [{c.name: c for c in table.columns} for table in tables]
  if len({frozenset(names) for names in by_name}) > 1:
    raise ValueError("tables to be joined have different columns: give both the same")
  return Table(
    tuple(_under(name, [columns[name] for columns in by_name]) for name in tables[0].names)
  )


class Texts:
  """One text an example, indexed by rows like an array [n]."""

  ndim = 1
  dtype = np.dtype(object)

  def __init__(self, values: np.ndarray) -> None:
    self.values = values  # [n] object array of str, None where missing

  def __len__(self) -> int:
    return len(self.values)

  def __getitem__(self, rows: Any) -> "Texts":
    return Texts(self.values[rows])

  @property
  def shape(self) -> tuple[int]:
    """The number of texts."""
    return (len(self),)


class Ragged:
  """Series of several lengths, indexed by rows.

  The shape is that of an array [n, t, c, 1].
  """

  ndim = 4
  dtype = np.dtype(object)

  def __init__(self, values: Sequence[np.ndarray] | np.ndarray) -> None:
    self.values = np.empty(len(values), object)  # [n] of [t_i, c] float32
    for i, value in enumerate(values):
      self.values[i] = value

  def __len__(self) -> int:
    return len(self.values)

  def __getitem__(self, rows: Any) -> "Ragged":
    return Ragged(self.values[rows])

  @property
  def lengths(self) -> np.ndarray:
    """The steps of each series, [n]."""
    return np.array([len(value) for value in self.values], int)

  @property
  def shape(self) -> tuple[int, int, int, int]:
    """As that of the series in an array that holds the longest."""
    channels = self.values[0].shape[1] if len(self) else 0
    return len(self), int(self.lengths.max(initial=0)), channels, 1


def as_ragged(x: Any, where: str) -> Ragged:
  """Converts series of one length to `Ragged`.

  Floats [n, t] or [n, t, c, 1] are such series.

  Raises:
    ValueError: one line that begins with `where`: other inputs.
  """
  if isinstance(x, Ragged):
    return x
  floats = isinstance(x, np.ndarray) and x.dtype.kind == "f"
  if not floats or x.ndim not in (2, 4) or (x.ndim == 4 and x.shape[-1] != 1):
    raise ValueError(f"{where} has other inputs than the series beside them: give floats [n, t, c]")
  return Ragged(list(x[..., None] if x.ndim == 2 else x[..., 0]))


def concatenated(parts: Sequence[Any], where: str) -> Any:
  """Inputs of one kind, arrays, tables, texts or series, under one another.

  Raises:
    ValueError: one line that begins with `where`: several kinds.
  """
  if any(isinstance(part, Ragged) for part in parts):
    return Ragged(np.concatenate([as_ragged(part, where).values for part in parts]))
  kinds = [{Table: "a frame", Texts: "texts"}.get(type(part), "an array") for part in parts]
  if len(set(kinds)) > 1:
    raise ValueError(f"{where} are {' and '.join(kinds)}: give two of a kind")
  if isinstance(parts[0], Table):
    return joined(parts)
  if isinstance(parts[0], Texts):
    return Texts(np.concatenate([part.values for part in parts]))
  return np.concatenate(parts)
