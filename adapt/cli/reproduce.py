"""`adapt reproduce`: published rows, their commands, and our distance from them."""

import argparse
from collections.abc import Sequence

from adapt.cli import bench, plugins, text
from adapt.cli.bench import Benchmark
from adapt.cli.command import Parser


def parser() -> Parser:
  """The flags of `adapt reproduce`."""
  made = Parser(
    prog="adapt reproduce",
    description="Lists suites with published rows, or runs the methods beside a suite's rows and "
    "compares. Further flags go to adapt bench NAME.",
  )
  made.add_argument("name", nargs="?", metavar="NAME", help="run this suite's published rows")
  made.add_argument("--out", default="runs", help="folder of records")
  made.add_argument(
    "--compare-only", action="store_true", help="compare what is there; run nothing"
  )
  plugins.add(made)
  return made


def main(argv: Sequence[str]) -> int:
  """Runs `adapt reproduce [NAME] [flags]`; returns the exit code.

  Raises:
    ValueError: no such suite, one without published rows, or no records to compare.
  """
  plugins.use(argv)
  arguments, rest = parser().parse_known_args(list(argv))
  if not arguments.name:
    return _list(rest)
  found = bench.get(arguments.name)
  if not found.suite.reported:
    raise ValueError(f"suite {found.name} has no published rows: see adapt reproduce")
  code = 0
  if not arguments.compare_only:
    code = bench.run([found.name, *_runnable(found), "--out", arguments.out, *rest])
  return code or _compare(found, arguments)


def _list(rest: Sequence[str]) -> int:
  if rest:
    raise ValueError(f"{rest[0]} needs a suite: adapt reproduce NAME {' '.join(rest)}")
  found = [bench.get(name) for name in bench.names()]
  rows = [
    (one.name, f"{len(one.suite.reported)} rows", "; ".join(_sources(one)))
    for one in found
    if one.suite.reported
  ]
  print("\n".join(text.columns(rows, flexible=2)))
  print("\nadapt reproduce NAME runs the methods beside its rows and compares.")
  return 0


def _sources(found: Benchmark) -> list[str]:
  return list(dict.fromkeys(row.source for row in found.suite.reported))


def _runnable(found: Benchmark) -> list[str]:
  """Methods beside published rows. Rows of settings that are flags are left out, and told."""
  beside = list(dict.fromkeys(row.beside for row in found.suite.reported))
  if found.plan:
    return beside
  from adapt import methods

  known = set(methods.names())
  if left := [label for label in beside if label not in known]:
    print(f"not run, as they need flags of their own: {', '.join(left)}")
  return [label for label in beside if label in known]


def _compare(found: Benchmark, arguments: argparse.Namespace) -> int:
  from adapt.records import record
  from adapt.report import reproductions

  lines = reproductions.lines(reproductions.compare(record.read_all(arguments.out), found.suite))
  if not lines:
    raise ValueError(f"no records of {found.name} in {arguments.out}: run it, or give --out")
  print("\n".join(lines))
  return 0
