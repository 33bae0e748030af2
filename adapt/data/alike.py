"""Read a column alike in all tables of a task, and later.

A file by itself may not tell what its cells are: 3.544 with decimal commas elsewhere, 01 beside x1.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from adapt.data import cells, columns
from adapt.data.column_names import each_split, names_of
from adapt.data.decimals import COMMAS, EITHER, POINTS, agreed
from adapt.data.domain import Domain
from adapt.data.raw import Cells, Column, Table
from adapt.data.reading import Reading

_Change = Callable[[Column], Column]
_TRUTH = {"true": "1", "false": "0"}


def together(domains: Sequence[Domain], reading: Reading) -> tuple[list[Domain], dict[str, str]]:
  """Read columns of a task's tables alike.

  Where points of a file may be of thousands, the other files tell. Codes of categories are texts
  in all tables where they are in one.

  Args:
    domains: of tables with the same columns.
    reading: the user's options.

  Returns:
    The domains, and the decimal mark of number columns for later data, where commas occur.
  """
  changes: list[dict[str, _Change]] = [{} for _ in domains]
  notes: list[list[str]] = [[] for _ in domains]
  every = [{c.name: c for c in _table(d).columns} for d in domains]
  files = [_mark(c) for table in every for c in table.values()]
  marks: dict[str, str] = {}
  for name in names_of(domains[0]):
    own = [table[name] for table in every]
    told = [_mark(c) for c in own]
    if name in reading.categorical:
      if not all(c.numeric for c in own):
        for change in changes:
          change[name] = _as_texts
      continue
    known = agreed(told) or agreed(files)
    if COMMAS in files and known:
      marks[name] = known
    if EITHER not in told or COMMAS not in files:
      continue
    for domain, mark, change, note in zip(domains, told, changes, notes, strict=True):
      if mark == EITHER:
        change[name] = _by(known or POINTS, domain.name)
        note.append(_either(domain.name, name, known or POINTS))
  pairs = zip(domains, changes, notes, strict=True)
  return [_changed(d, by)._replace(notes=(*d.notes, *more)) for d, by, more in pairs], marks


def later(domain: Domain, fitted: Sequence[Mapping[str, Any]]) -> Domain:
  """Read a later table's columns as those of training.

  Args:
    domain: of a table.
    fitted: what `columns.fit` has decided, with "decimal" where commas occurred.
  """
  by: dict[str, _Change] = {}
  notes = []
  table = {c.name: c for c in _table(domain).columns}
  for one in fitted:
    name = one["name"]
    if "categories" in one:
      numbers = all(re.fullmatch(cells.NUMBER, c) and _plain(c) == c for c in one["categories"])
      by[name] = _as_numbers if numbers else _as_texts
    elif (wanted := one.get("decimal")) and name in table and (own := _style(table[name])):
      if own == EITHER:
        by[name] = _by(wanted, domain.name)
      elif own != wanted:
        called = {COMMAS: "commas", POINTS: "points"}
        notes.append(
          f"{domain.name} column '{name}' has decimal {called[own]}, and training had "
          f"{called[wanted]}: it is read by its own"
        )
  return _changed(domain, by)._replace(notes=(*domain.notes, *notes))


def _either(where: str, name: str, mark: str) -> str:
  if mark == COMMAS:
    return f"{where} column '{name}': points separate thousands, as other data have decimal commas"
  return (
    f"{where} column '{name}': points are taken for decimal ones, and other data have decimal commas: "
    "write thousands without points"
  )


def _table(domain: Domain) -> Table:
  found: Any = domain.train.x
  assert isinstance(found, Table)
  return found


def _style(column: Column) -> str:
  """The decimal mark in the column's whole file; "" where commas cannot be."""
  own = column.cells
  return own.style if own is not None and own.how.decimal_comma and column.numeric else ""


def _mark(column: Column) -> str:
  """The decimal mark by which a column was read."""
  own = _style(column)
  if own == EITHER and column.cells is not None:
    return column.cells.how.decimal or own
  return own


def _changed(domain: Domain, by: Mapping[str, _Change]) -> Domain:
  if not by:
    return domain

  def of(table: Table) -> Table:
    return Table(tuple(by[c.name](c) if c.name in by else c for c in table.columns))

  return each_split(domain, of)


def _by(mark: str, where: str) -> _Change:
  """What reads a column by a decimal mark."""

  def read(column: Column) -> Column:
    own = column.cells
    if own is None or (own.how.decimal or POINTS) == mark:
      return column
    how = own.how._replace(decimal=mark)
    found = cells.column(where, column.name, own.array, how, lenient=True)
    return found._replace(values=own.of(found.values), cells=own._replace(how=how))

  return read


def _as_texts(column: Column) -> Column:
  """Cells as they stand, where the file's are known."""
  own: Cells | None = column.cells
  if not column.numeric or own is None:
    return column._replace(values=columns.texts(column))
  return column._replace(values=own.of(cells.as_texts("", column.name, own.array, own.how)))


def _as_numbers(column: Column) -> Column:
  """Codes that are numbers as `columns.texts` writes them, beside other texts."""
  values = columns.texts(column)
  known = {v: v if v is None else _plain(v) for v in dict.fromkeys(values.tolist())}
  found = np.empty(len(values), object)
  found[:] = [known[v] for v in values.tolist()]
  return column._replace(values=found)


def _plain(text: str) -> str:
  """A number's text without other zeros, signs or exponents; any other text as it is."""
  if not re.fullmatch(cells.NUMBER, text):
    return _TRUTH.get(text.lower(), text)
  one = columns.texts(Column("", np.array([float(text)])))[0]
  return str(one)
