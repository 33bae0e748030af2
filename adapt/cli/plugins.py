"""`--plugins FOLDER`: user-defined entries for every command."""

import argparse
from collections.abc import Sequence
from typing import Any

from adapt import catalogue


def add(group: Any) -> None:
  """Add --plugins to a parser or group.

  Its older name is --methods-path.
  """
  group.add_argument(
    "--plugins",
    "--methods-path",
    action="append",
    default=[],
    metavar="FOLDER",
    help=f"your own entries: methods in it, or sub-folders {', '.join(catalogue.KINDS)}; its Python "
    "code is run, so name only what you trust",
  )


def use(argv: Sequence[str]) -> None:
  """Register the folders of --plugins.

  This comes before all else is read, as what follows may name their entries.

  Raises:
    ValueError: no such folder, or one with a sub-folder that is of no kind.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  add(parser)
  try:
    known, _ = parser.parse_known_args(list(argv))
  except argparse.ArgumentError:
    return  # the command's own parser says what is wrong
  for folder in known.plugins:
    catalogue.plugins(folder)
