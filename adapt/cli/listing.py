"""What `adapt methods` prints: the catalogue in short, or method by method with papers and costs."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapt import catalogue, methods, tuning, weights
from adapt.cli import overview


def short() -> int:
  """Every method, weighting and tuning, and what it does in a line; returns the exit code."""
  console = Console()
  for title, package in (("method", methods), ("--weights", weights), ("--tuning", tuning)):
    listed = Table(title, "what it does", title_justify="left")
    for entry in package.names():
      # Not package.get, which wants the entry's dependencies installed.
      listed.add_row(entry, catalogue.summary(catalogue.get(package.__name__, entry)))
    console.print(listed)
  return 0


def table(name: str | None = None) -> int:
  """Every method, or one, by family: setting, paper, extra state, cost; returns the exit code."""
  cost = overview.costs(Path("results"))  # of a checkout; nowhere else has anything been measured
  found = Table()
  found.add_column("method", no_wrap=True)
  for column in ("setting", "paper", "extra state", "cost"):
    found.add_column(column, overflow="fold", justify="right" if column == "cost" else "left")
  rows = [overview.of(n) for n in ([name] if name else methods.names())]
  for family in [*overview.FAMILIES, overview.OWN]:
    mine = [row for row in rows if row.family == family]
    if mine:
      found.add_section()
      found.add_row(Text(f"{family} ({len(mine)})", style="bold"))
    for row in mine:
      found.add_row(row.name, row.setting, row.paper, row.extra, cost.get(row.name, "–"))
  Console().print(found)
  return 0
