"""`adapt data audit`: a pair's labels and findings, as tables."""

import argparse
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from adapt.cli import reading_flags, text
from adapt.data import atomic_files
from adapt.data.audit import Report, audit
from adapt.data.label_statistics import Statistics

if TYPE_CHECKING:
  from rich.table import Table

_MOST_CLASSES, _MOST_EXAMPLES = 40, 3  # shown on the terminal


@contextlib.contextmanager
def writing(file: str) -> Iterator[None]:
  """Turns an OSError while a file is written into one line."""
  try:
    yield
  except OSError as error:  # of a full disk it names no file
    remedy = f"cannot write {error.filename or file} ({error.strerror}): name another file"
    raise ValueError(remedy) from error


def main(arguments: argparse.Namespace) -> int:
  """Runs `adapt data audit`; returns 1 on a leak, else 0.

  Raises:
    ValueError: bad input; one line with the remedy.
  """
  from adapt.experiments import own_data

  names = [*arguments.source, arguments.target]
  reading = reading_flags.of(arguments)
  *sources, target = own_data.loaded(names, arguments.data_dir, reading)
  report = audit(sources, target, label=reading.label)
  if arguments.json:
    path = Path(arguments.json)
    with writing(arguments.json):
      path.parent.mkdir(parents=True, exist_ok=True)
      with atomic_files.whole(path) as stream:
        stream.write((as_json(report) + "\n").encode("utf-8", "backslashreplace"))
  if arguments.plot:
    from adapt.report import data_figures

    with writing(arguments.plot):
      data_figures.balance(report, arguments.plot)
  _print(report)
  return 1 if report.leaks else 0


def as_json(report: Report) -> str:
  """Format a report as multi-line JSON."""
  content = {**report._asdict(), "labels": dict(report.labels), "leaks": report.leaks}
  content["findings"] = [finding._asdict() for finding in report.findings]
  return json.dumps(content, indent=1, ensure_ascii=False)


def _print(report: Report) -> None:
  from rich.markup import escape
  from rich.table import Column, Table

  console = text.console()
  console.print(_classes(report) if report.output == "classes" else _labels(report))
  names = report.labels or report.classes
  if len(names) > _MOST_CLASSES:
    what = "classes" if report.output in ("classes", "pixels") else report.output
    console.print(f"… and {len(names) - _MOST_CLASSES} {what} more: --json has them all")
  colours = {"leak": "red", "warning": "yellow", "note": "dim"}
  table = Table("", "finding", "remedy", Column("examples", overflow="fold"), show_lines=True)
  for finding in report.findings:
    colour = colours[finding.severity]
    table.add_row(
      f"[{colour}]{finding.severity}[/]",
      escape(finding.what),
      escape(finding.remedy),
      escape("\n".join(finding.examples[:_MOST_EXAMPLES])),
    )
  if report.findings:
    console.print(table)
    if any(len(finding.examples) > _MOST_EXAMPLES for finding in report.findings):
      console.print(f"{_MOST_EXAMPLES} examples of each are shown: --json has them all")
  number = {s: sum(f.severity == s for f in report.findings) for s in colours}
  console.print(", ".join(f"{n} {s}{'' if n == 1 else 's'}" for s, n in number.items()))


def _classes(report: Report) -> "Table":
  """Examples of each class, a column a split."""
  from rich.markup import escape
  from rich.table import Column, Table

  table = Table("class", *(Column(escape(name), overflow="fold") for name in report.balance))
  for k, name in list(enumerate(report.classes))[:_MOST_CLASSES]:
    each = ["?" if of is None else str(of[k]) for of in report.balance.values()]
    table.add_row(escape(name), *each)
  return table


def _labels(report: Report) -> "Table":
  """Statistics of labels that are no classes; of values a row a split, else a column a split."""
  from rich.markup import escape
  from rich.table import Column, Table

  shown = list(report.labels.items())[:_MOST_CLASSES]
  if report.output == "values":
    columns = ("count", "missing", "min", "mean", "max", "std")
    table = Table("value", "of", *(Column(n, justify="right") for n in columns))
    for name, splits in shown:
      for split, found in splits.items():
        each = ["?" if found is None else _number(found[n]) for n in columns]
        table.add_row(escape(name), escape(split), *each)
    return table
  splits = next(iter(report.labels.values()))
  first = "label" if report.output == "labels" else "class"
  table = Table(first, *(Column(escape(name), overflow="fold") for name in splits))
  for name, splits in shown:
    table.add_row(escape(name), *map(_share, splits.values()))
  of = {
    "labels": "positive among the known (unknown among all)",
    "pixels": "of the scored pixels, ignored of all",
  }
  table.caption = f"% {of[report.output]}"
  return table


def _number(value: float | None) -> str:
  return "?" if value is None else f"{value:.5g}"


def _share(found: Statistics) -> str:
  """A share in percent, of labels with that of the unknown."""
  if found is None:
    return "?"
  share, *unknown = found.values()
  told = "?" if share is None else f"{100 * share:.1f}"
  return f"{told} ({100 * unknown[0]:.1f})" if unknown and unknown[0] else told
