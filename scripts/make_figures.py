"""Draws the figures of suites and tasks from their records.

python scripts/make_figures.py [--results results] [--out results/figures] [--suite …] [--task …]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from adapt.report import figures

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
  """Draws; returns the exit code."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
  parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder of records")
  parser.add_argument("--out", type=Path, help="folder for figures (default: RESULTS/figures)")
  parser.add_argument("--suite", nargs="+", metavar="NAME", help="draw these only")
  parser.add_argument(
    "--task", nargs="*", metavar="NAME", help="of these tasks only; without a name: none of a task"
  )
  args = parser.parse_args(arguments)
  out = args.out or args.results / "figures"
  try:
    for path in figures.draw(args.results, out, args.suite, args.task):
      print(path)
  except ValueError as error:
    print(error, file=sys.stderr)
    return 2
  return 0


if __name__ == "__main__":
  sys.exit(main())
