"""Draws the figures of every task from its records.

python scripts/make_figures.py [--results results] [--out results/figures]
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from adapt import figures

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
  """Draws; returns the exit code."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
  parser.add_argument("--results", type=Path, default=ROOT / "results", help="folder of records")
  parser.add_argument("--out", type=Path, help="folder for figures (default: RESULTS/figures)")
  args = parser.parse_args(arguments)
  try:
    for path in figures.draw(args.results, args.out or args.results / "figures"):
      print(path)
  except ValueError as error:
    print(error, file=sys.stderr)
    return 2
  return 0


if __name__ == "__main__":
  sys.exit(main())
