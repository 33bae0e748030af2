"""What an entry's page says of its runs: our numbers, curves, published ones, cost and proofs."""

import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path

import entry_curves
import methods_page

from adapt import outputs
from adapt.cli import overview
from adapt.experiments.suite import Suite
from adapt.report import reproductions, selection, summary
from adapt.report.baselines import BASELINE
from adapt.report.summary import Record

_HEAD = "| suite | ours | source_only | measure | tasks | seeds | curves |"


def sections(
  name: str, records: Sequence[Record], suites: Mapping[str, Suite], root: Path
) -> list[str]:
  """The sections of a method's page that follow from records and tests, in Markdown.

  Args:
    name: of the method.
    records: of any suites.
    suites: by name, with their published rows.
    root: of the repository.
  """
  parts = _table(_numbers(name, name, records, suites))
  parts += entry_curves.section(name, records, suites)
  if lines := _published(name, records, suites):
    head = [
      "| published row | suite | ours | published | difference | verdict |",
      "| :-- | :-- | --: | --: | --: | :-- |",
    ]
    said = (
      "Over the tasks that both have. [All rows](../../results/reproductions.md) have their "
      "sources, protocols and why ours differ."
    )
    parts += ["## Beside published numbers\n", "\n".join([*head, *lines]) + "\n", said + "\n"]
  return [*parts, "## Cost and proofs\n", _proofs(name, root)]


def of_runs_with(
  part: str, name: str, records: Sequence[Record], suites: Mapping[str, Suite]
) -> list[str]:
  """The section of our numbers of a weighting's or a tuning's page: every row that has it.

  Args:
    part: of a record's configuration, `weights` or `tuning`.
    name: of the entry.
    records: of any suites.
    suites: by name.
  """
  labels = {r["label"] for r in records if (r["config"].get(part) or {}).get("name") == name}
  return _table([row for label in sorted(labels) for row in _numbers(name, label, records, suites)])


def _table(lines: Sequence[str]) -> list[str]:
  head = [_HEAD, "| :-- | --: | --: | :-- | --: | --: | :-- |"]
  said = (
    "At the last step, averaged over the tasks that both have; the suite's table has each task."
  )
  return ["## Our numbers\n", "\n".join([*head, *lines]) + "\n", said + "\n"] if lines else []


def _numbers(
  name: str, label: str, records: Sequence[Record], suites: Mapping[str, Suite]
) -> list[str]:
  """A line for each suite: the average of the runs of that label beside source_only's."""
  lines = []
  for suite in sorted({r["suite"] for r in records if r["label"] == label and r.get("last")}):
    mine = [r for r in records if r["suite"] == suite and r["label"] in (label, BASELINE)]
    mine = selection.measured_as([r for r in mine if r.get("last")], suites.get(suite), None, None)
    ours, base = ({r["task"]: r for r in mine if r["label"] == n} for n in (label, BASELINE))
    tasks = [task for task in ours if task in base] or list(ours)
    measure = summary.headline(list(ours.values()))
    shown = [
      summary.percent(summary.average([side[t] for t in tasks], "last", measure), None, measure)
      if set(tasks) <= set(side)
      else summary.MISSING
      for side in (ours, base)
    ]
    seeds = max(len(ours[t]["config"]["seeds"]) for t in tasks)
    how = outputs.measure(measure)
    title = how.title.partition(" (")[0] + ", %" * how.percent
    place = f"{suite}?filter={urllib.parse.quote(label)}"
    curves = f'<a href="../../results_page.html#{place}">draw</a>'
    row = f", `{label}`" if label != name else ""
    lines.append(
      f"| [{suite}](../../results/tables/{suite}.md){row} | {' | '.join(shown)} | "
      f"{title} | {len(tasks)} | {seeds} | {curves} |"
    )
  return lines


def _published(name: str, records: Sequence[Record], suites: Mapping[str, Suite]) -> list[str]:
  """A line for each published row that stands beside a run of the method."""
  lines = []
  for suite in suites.values():
    rows = tuple(r for r in suite.reported if r.beside == name or r.beside.startswith(f"{name}-"))
    for one in reproductions.compare(records, suite._replace(reported=rows)) if rows else ():
      if one.tasks:
        lines.append(
          f"| {one.reported.label} ({one.reported.source}) | {suite.name} | {one.ours:.1f} | "
          f"{one.theirs:.1f} | {one.difference:+.1f} | {one.verdict} |"
        )
  return lines


def _proofs(name: str, root: Path) -> str:
  """What a step costs, and the tests that hold the method to its paper."""
  cost = overview.costs(root / "results").get(name)
  gain = methods_page.proofs_of_gain(root).get(name)
  lines = [f"- A step takes {cost} times that of `source_only`." if cost else ""]
  if step := methods_page.equals(root, name):
    lines.append(f"- One step equals its paper's: {step}.")
  lines.append(f"- It adapts: {gain}." if gain else "")
  return "\n".join(line for line in lines if line) + "\n"
