"""Compares two result trees: python scripts/compare.py A B."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from adapt import record, summary


def comparison(a: Sequence[summary.Record], b: Sequence[summary.Record]) -> Table:
  """Target accuracy of both sides and the change, one line per (suite, task, label)."""
  table = Table(title="target accuracy, last step, %: mean ± sample standard deviation (seeds)")
  for name in ("suite", "task", "method"):
    table.add_column(name, overflow="fold")
  for name in ("A", "B", "B − A"):
    table.add_column(name, justify="right")
  left, right = ({(r["suite"], r["task"], r["label"]): r for r in side} for side in (a, b))
  for key in sorted(left.keys() | right.keys(), key=lambda k: (*k[:2], summary.rank(k[2]))):
    cells = [_cell(side[key]) if key in side else None for side in (left, right)]
    shown = ["missing" if c is None else _shown(c) for c in cells]
    first, second = cells
    change = ""
    if first is not None and second is not None and first.n and second.n:
      change = f"{100 * (second.mean - first.mean):+.1f}"
    table.add_row(*key, *shown, change)
  return table


def _cell(item: summary.Record) -> summary.Cell:
  return summary.cell(summary.by_seed(item, "last", "accuracy").values())


def _shown(cell: summary.Cell) -> str:
  return f"{summary.percent(cell)} ({cell.n})"


def main(arguments: Sequence[str] | None = None) -> int:
  """Prints the comparison; returns the exit code."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
  parser.add_argument("a", type=Path, help="folder of records")
  parser.add_argument("b", type=Path, help="folder of records")
  args = parser.parse_args(arguments)
  try:
    for folder in (args.a, args.b):
      if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: name the --out folder of a run")
    console = Console()
    # A file or a pipe has no width to respect, and folded columns are hard to search.
    console.width = console.width if console.is_terminal else 160
    console.print(comparison(record.read_all(args.a), record.read_all(args.b)))
  except ValueError as error:
    print(error, file=sys.stderr)
    return 2
  return 0


if __name__ == "__main__":
  sys.exit(main())
