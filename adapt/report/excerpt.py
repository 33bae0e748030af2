"""Chosen rows and columns of a suite's table, for a paper."""

import re
from collections.abc import Sequence

from adapt import catalogue
from adapt.experiments.suite import Suite
from adapt.report import formats, selection, tables, worst
from adapt.report.summary import Record, tasks_of
from adapt.report.table import Line, Sheet

AVERAGE = "average"


def excerpt(
  records: Sequence[Record],
  suite: Suite | None,
  rows: Sequence[str] = (),
  columns: Sequence[str] = (),
  rule: str | None = None,
  measure: str | None = None,
) -> Sheet:
  """The main table of one suite with these rows and columns alone.

  Best values, and the average, are of what is shown. Rows without a number are left out, and
  tasks without a record where no columns are named.

  Args:
    records: of one suite.
    suite: with its published rows, if known.
    rows: labels; none: all.
    columns: tasks, "average", and where the targets are unseen "worst"; none: all.
    rule: which evaluation counts, see `tables.sheets`.
    measure: what is shown at the last step; None: the suite's.

  Raises:
    ValueError: a row or a column that there is not.
  """
  every, run = tasks_of(records, suite), {r["task"] for r in records}
  chosen = [c for c in every if c in (columns or run)]
  _refuse("column", columns, [*every, AVERAGE, *[worst.COLUMN] * worst.shown(records, every)])
  _refuse("row", rows, sorted({r["label"] for r in records}))
  kept = [r for r in records if r["task"] in chosen and (not rows or r["label"] in rows)]
  if not kept:
    raise ValueError("no record has one of these rows and columns: name others")
  own = suite and suite._replace(
    tasks=tuple(t for t in suite.tasks if t.name in chosen),
    reported=tuple(r for r in suite.reported if not rows or r.beside in rows),
  )
  counted = selection.rule_of(kept, suite, rule)
  kept = selection.measured_as(kept, suite, rule, measure)
  made = tables.accuracy([selection.picked(r, counted) for r in kept], own, counted)
  if columns and not {AVERAGE, worst.COLUMN} & set(columns):
    n = len(chosen)  # what follows is over them
    made = made._replace(
      header=made.header[: n + 1],
      lines=tuple(one._replace(entries=one.entries[:n]) for one in made.lines),
    )
  return _without_empty(made)


def _refuse(what: str, asked: Sequence[str], known: Sequence[str]) -> None:
  for name in asked:
    if name not in known:
      raise ValueError(catalogue.unknown(what, name, known))


def _without_empty(sheet: Sheet) -> Sheet:
  """The sheet without rows that have no number; notes are numbered anew."""
  lines: list[Line] = []
  notes: list[str] = []
  for one in sheet.lines:
    if all(entry.value is None and entry.text != "diverged" for entry in one.entries):
      continue
    if one.published:
      notes.append(sheet.notes[int(one.detail.strip("[]")) - 1])
      one = one._replace(detail=f"[{len(notes)}]")
    lines.append(one)
  return sheet._replace(lines=tuple(lines), notes=tuple(notes))


def text(sheet: Sheet, suite: str, latex: bool, caption: str = "full") -> str:
  """The table as LaTeX or Markdown.

  Args:
    sheet: what to show.
    suite: its name.
    latex: a booktabs `table*` in place of a Markdown table.
    caption: "full"; "short", first sentences; or one's own.
  """
  if caption == "short":
    notes = tuple(_first_sentence(note) for note in sheet.notes)
    sheet = sheet._replace(caption=_first_sentence(sheet.caption), notes=notes)
  elif caption != "full":
    sheet = sheet._replace(caption=caption)
  return formats.latex(sheet, suite) if latex else formats.markdown(sheet)


def _first_sentence(words: str) -> str:
  return re.split(r"[.;] (?!\()", words)[0].rstrip(".") + "."  # "et al. (2018)" goes on
