"""A table as data, which Markdown, LaTeX, CSV and page show."""

from collections.abc import Sequence
from typing import NamedTuple

from adapt import outputs
from adapt.report.summary import MISSING, Cell, percent


class Entry(NamedTuple):
  """One place of a table."""

  text: str
  value: float | None = None  # what it sorts by, in the unit that is shown
  std: float | None = None
  n: int | None = None  # seeds, where it is a mean over them
  low: float | None = None  # of a 95 % interval
  high: float | None = None
  mark: str = ""  # best: above every other of its column; tie: not told apart from the best


class Line(NamedTuple):
  """One row of a table."""

  name: str
  entries: tuple[Entry, ...]
  detail: str = ""  # shown behind the name: (seeds), or [note]
  published: bool = False  # another's number, not one of ours


class Sheet(NamedTuple):
  """A table with its notes, in plain text.

  Whoever writes it escapes it.
  """

  name: str  # file-safe
  title: str
  header: tuple[str, ...]  # the first names the rows
  lines: tuple[Line, ...]
  caption: str
  notes: tuple[str, ...] = ()  # numbered from 1; a published row's detail points here
  warnings: tuple[str, ...] = ()


NONE = Entry(MISSING)


def measured(
  cell: Cell | None, seeds: int | None = None, mark: str = "", measure: str = "accuracy"
) -> Entry:
  """A measure over seeds, such as `89.7 ± 0.4`.

  A fraction is in percent; (n) follows where n is not `seeds`.
  """
  if cell is None or cell.n == 0:
    return NONE
  scale = outputs.measure(measure).scale
  std = None if cell.std is None else scale * cell.std
  return Entry(percent(cell, seeds, measure), scale * cell.mean, std, cell.n, mark=mark)


def number(value: float | None, digits: int = 1) -> Entry:
  """A number with that many digits behind its point."""
  return NONE if value is None else Entry(f"{value:.{digits}f}", value)


def line(name: str, entries: Sequence[Entry], seeds: int | None = None) -> Line:
  """One of our rows."""
  return Line(name, tuple(entries), f"({seeds})" if seeds else "")
