"""Reads --source and --target, --data, or --each before all other flags."""

import argparse
from collections.abc import Sequence

from adapt import data
from adapt.cli import flags, reading_flags
from adapt.experiments.own_request import NAME, Request, own_suites
from adapt.experiments.own_suite import PROTOCOL, OwnSuite
from adapt.experiments.suite import IMAGES, Suite, Task

_NONE = OwnSuite(Suite(NAME, (Task("", (), ""),), IMAGES, PROTOCOL), data.load)  # for the help


def pair_of(argv: Sequence[str]) -> OwnSuite:
  """Return the suite of a command line of one pair."""
  [pair] = pairs_of(argv)
  return pair


def pairs_of(argv: Sequence[str]) -> list[OwnSuite]:
  """Return the suites of a command line, several with --each.

  Raises:
    ValueError: nothing named, or data that cannot be read.
  """
  parser = _parser()
  parser.add_argument("--source", nargs="*", default=[])
  parser.add_argument("--target")
  parser.add_argument("--data")
  parser.add_argument("--each", action="store_true")
  parser.add_argument("--data-dir")
  parser.add_argument("--model")
  parser.add_argument("--classes", default="")
  reading_flags.add(parser)
  known = _known(parser, argv)
  if not (known.source or known.target or known.data) and {"-h", "--help"} & set(argv):
    return [_NONE]
  given = {n: v for n, v in vars(known).items() if n in Request._fields}
  return own_suites(Request(**given, reading=reading_flags.of(known)))


def unseen(argv: Sequence[str]) -> bool:
  """Whether a command line asks for targets that training never sees."""
  return bool(_known(_parser(), argv).protocol)


def _parser() -> argparse.ArgumentParser:
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  flags.add_protocol(parser)
  return parser


def _known(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
  """The flags of a command line that a parser knows."""
  try:
    known, _ = parser.parse_known_args([a for a in argv if a not in ("-h", "--help")])
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  return known
