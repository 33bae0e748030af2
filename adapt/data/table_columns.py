"""A table as read from a file, and its feature columns."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt.data import cells, decimals
from adapt.data.raw import Cells, Column, Table
from adapt.data.reading import Reading

_SHOWN = 5  # columns that a note names


class Read(NamedTuple):
  """A table as read, before its columns are understood."""

  path: Path
  table: Any  # pyarrow.Table
  how: cells.How
  reading: Reading
  labels: tuple[str, ...]  # names of the labels' columns
  notes: tuple[str, ...]
  styles: Mapping[str, str] = {}  # decimal marks by column, of a file that may have commas

  def at(self, name: str) -> str:
    """What a message calls a column."""
    return f"{self.path} column '{name}'"

  def texts(self, name: str) -> list[str | None]:
    """A column's cells as texts, None where missing."""
    found: list[str | None] = cells.as_texts(
      str(self.path), name, self.table.column(name), self.how
    ).tolist()
    return found


def features(read: Read, names: Sequence[str]) -> tuple[Table, list[str]]:
  """The feature columns, with what is told of missing cells and texts."""
  columns = [_column(read, name) for name in names]
  lacking: dict[str, int] = {}
  for column in columns:
    values = column.values
    count = int(np.isnan(values).sum()) if column.numeric else sum(v is None for v in values)
    lacking |= {column.name: count} if count else {}
  notes = []
  if lacking:
    told = [f"{name} {count}" for name, count in lacking.items()]
    notes.append(f"{read.path} has missing cells: {_listed(told)}")
  if texts := [column.name for column in columns if not column.numeric]:
    notes.append(f"{read.path} has columns of texts: {_listed(texts)}")
    notes += [
      note for name in texts for note in cells.mended(read.at(name), read.table.column(name))
    ][:_SHOWN]
  either = [c.name for c in columns if c.numeric and read.styles.get(c.name) == decimals.EITHER]
  if either and read.how.decimal == decimals.COMMAS:
    notes.append(
      f"{read.path} has decimal commas, so points in {_listed(either)} separate thousands"
    )
  return Table(tuple(columns)), notes


def _column(read: Read, name: str) -> Column:
  """A feature column, with its cells where they may be read in another way."""
  import pyarrow as pa

  reading, values = read.reading, read.table.column(name)
  skipped = name in reading.drop or (reading.columns and name not in reading.columns)
  lenient = bool(skipped) or name in reading.categorical
  found = cells.column(str(read.path), name, values, read.how, lenient)
  kind = values.type.value_type if pa.types.is_dictionary(values.type) else values.type
  if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)):
    return found
  return found._replace(cells=Cells(values, read.how, read.styles.get(name, "")))


def _listed(names: Sequence[str]) -> str:
  return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" * (len(names) > _SHOWN))
