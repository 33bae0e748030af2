"""Draws the figures of this repository's results: `adapt figures` with its results/ as the default."""

import sys
from collections.abc import Sequence
from pathlib import Path

from adapt.cli import results

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
  """Draws; returns the exit code."""
  argv = list(sys.argv[1:] if arguments is None else arguments)
  return results.figures(argv, ROOT / "results")


if __name__ == "__main__":
  sys.exit(main())
