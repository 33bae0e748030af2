"""The scoreboard: every published row beside ours, with a verdict.

It has the rows of every suite.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapt.experiments.recipe import Recipe
from adapt.experiments.suite import Reported, Suite
from adapt.report import formats, selection
from adapt.report.published import UNEXPLAINED
from adapt.report.summary import Record, Row, rows
from adapt.report.table import NONE, Entry, Line, Sheet, number

EXACT = 0.1001  # points; a number printed with one decimal, and one rounded before
NEAR = 1.0001  # points of the average
DEVIATIONS = 2  # of our average over seeds
VERDICTS = ("exact", "reproduced", "above", "below", "not run")
_MEANS = """\
exact: no task is more than 0.1 points away. reproduced: the averages are within 1 point, or 2 of our
standard deviations over seeds. above, below: ours is. Averages and differences are over the tasks
that both have."""


class Reproduction(NamedTuple):
  """A published row beside ours, in percent.

  Numbers are None where nothing was run.
  """

  reported: Reported
  tasks: int  # that both have
  ours: float | None  # average over those
  theirs: float | None
  largest: float | None  # absolute difference on a task
  exact: int  # tasks within 0.1 points
  seeds: int
  verdict: str  # one of `VERDICTS`

  @property
  def difference(self) -> float | None:
    """Ours less theirs, None where nothing was run."""
    return None if self.ours is None or self.theirs is None else self.ours - self.theirs


def compare(records: Sequence[Record], suite: Suite) -> list[Reproduction]:
  """Compares each published row of a suite with our records.

  The rows are in the suite's order.

  Args:
    records: of that suite; others are left out.
    suite: with published rows.
  """
  mine = [selection.picked(r, suite.select) for r in records if r["suite"] == suite.name]
  ours = {row.label: row for row in rows(mine, suite)}
  return [_beside(reported, ours[reported.beside]) for reported in suite.reported]


def _beside(reported: Reported, row: Row) -> Reproduction:
  found = {
    task: (100 * ours.mean, theirs)
    for task, theirs in reported.accuracy.items()
    if (ours := row.cells.get(task)) is not None and ours.n
  }
  if not found:
    return Reproduction(reported, 0, None, None, None, 0, 0, "not run")
  apart = [abs(a - b) for a, b in found.values()]
  mean, theirs = (statistics.fmean(side) for side in zip(*found.values(), strict=True))
  if max(apart) <= EXACT:
    verdict = "exact"
  elif abs(mean - theirs) <= max(NEAR, DEVIATIONS * _deviation(row, len(found))):
    verdict = "reproduced"
  else:
    verdict = "above" if mean > theirs else "below"
  close = sum(a <= EXACT for a in apart)
  return Reproduction(reported, len(found), mean, theirs, max(apart), close, row.seeds, verdict)


def _deviation(row: Row, tasks: int) -> float:
  """Standard deviation over seeds of our average, in points; 0 where it is not known."""
  whole = row.average is not None and tasks == len(row.cells)
  return 100 * (row.average.std or 0.0) if whole and row.average else 0.0


def sheet(name: str, found: Sequence[Reproduction]) -> Sheet:
  """The table of one suite's rows, with notes.

  The notes say where they come from and why ours differ.
  """
  lines, notes = [], []
  for i, one in enumerate(found, start=1):
    of = len(one.reported.accuracy)
    difference = one.difference
    entries = (
      number(one.ours),
      number(one.theirs),
      NONE if difference is None else Entry(f"{difference:+.1f}", difference),
      number(one.largest),
      Entry(f"{one.exact} of {one.tasks}") if one.tasks else NONE,
      Entry(f"{one.verdict}, {one.tasks} of {of} tasks" if 0 < one.tasks < of else one.verdict),
    )
    beside = f"{one.reported.beside} ({one.seeds})" if one.seeds else one.reported.beside
    lines.append(Line(f"{one.reported.label} [{i}], {beside}", entries))
    notes.append(_note(one))
  header = ("published, ours (seeds)", "ours", "published", "difference", "largest", "≤ 0.1")
  caption = (
    "Percent, averages over the tasks that both have; (n) counts seeds, [n] is the note below."
  )
  columns = (*header, "verdict")
  return Sheet(f"reproductions_{name}", name, columns, tuple(lines), caption, tuple(notes))


def _note(one: Reproduction) -> str:
  text = f"{one.reported.label}: {one.reported.source}. {one.reported.protocol}".rstrip(".")
  if one.verdict in ("exact", "not run"):
    return text
  if one.reported.cause or one.verdict != "reproduced":
    text += f". Ours differs: {one.reported.cause or UNEXPLAINED}"
  return text


def page(records: Sequence[Record], suites: Mapping[str, Suite]) -> str:
  """The Markdown page of all suites with published rows.

  Those without records are in one list.

  Args:
    records: of any suites.
    suites: by name.
  """
  every = {name: compare(records, s) for name, s in sorted(suites.items()) if s.reported}
  run = {name: found for name, found in every.items() if any(one.tasks for one in found)}
  header = ("suite", "published rows", *VERDICTS)
  counts = tuple(Line(name, tuple(_counts(found))) for name, found in run.items())
  parts = [
    "# Published rows and ours\n",
    "<!-- Generated by scripts/make_tables.py: do not edit. -->\n",
    "`adapt reproduce NAME` runs a suite's rows and compares them. "
    + " ".join(_MEANS.split())
    + "\n",
    formats.markdown(Sheet("reproductions", "", header, counts, "")).rstrip() + "\n",
  ]
  for name, found in run.items():
    parts += [f"## {name}\n", formats.markdown(sheet(name, found))]
    if recipes := suites[name].recipes:
      parts.append(_recipes(recipes))
  if rest := [f"{name} ({len(found)})" for name, found in every.items() if name not in run]:
    parts.append(
      f"Suites with published rows (how many) that have no records: {', '.join(rest)}.\n"
    )
  return "\n".join(parts)


def _recipes(recipes: Sequence[Recipe]) -> str:
  """What the rows of labels with `recipe=paper` follow."""
  lines = [f"- `{r.method}` on {', '.join(r.tasks)}: {r.said}." for r in recipes]
  return "\n".join(
    ["Recipes (`--recipe paper`; `adapt suites NAME` has their settings):\n", *lines, ""]
  )


def _counts(found: Sequence[Reproduction]) -> list[Entry]:
  verdicts = [one.verdict for one in found]
  return [number(len(found), 0), *(number(verdicts.count(v), 0) for v in VERDICTS)]


def lines(found: Sequence[Reproduction]) -> list[str]:
  """Lines for a terminal: one for each published row run."""
  return [
    f"{one.reported.label} ({one.reported.source}) beside {one.reported.beside}: ours {one.ours:.1f}, "
    f"published {one.theirs:.1f}, difference {one.difference:+.1f}, within 0.1 on {one.exact} of "
    f"{one.tasks} tasks, largest {one.largest:.1f}: {one.verdict}"
    for one in found
    if one.tasks
  ]
