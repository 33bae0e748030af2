"""`adapt reproduce`: published rows, their commands, and our distance from them."""

import argparse
from collections.abc import Sequence

from adapt.cli import bench, plugins, text
from adapt.cli.bench import Benchmark
from adapt.cli.command import Parser
from adapt.experiments.recipe import NAMES, PAPER, SUFFIX, SUITE


def parser() -> Parser:
  """The flags of `adapt reproduce`."""
  made = Parser(
    prog="adapt reproduce",
    description="Lists suites with published rows, or runs the methods beside a suite's rows and "
    "compares. Further flags go to adapt bench NAME, as --recipe paper does, by which the rows are run "
    "that follow the papers' own settings.",
  )
  made.add_argument("name", nargs="?", metavar="NAME", help="run this suite's published rows")
  made.add_argument("--out", default="runs", help="folder of records")
  made.add_argument(
    "--compare-only", action="store_true", help="compare what is there; run nothing"
  )
  made.add_argument(
    "--explain",
    metavar="ROW",
    help="from the suite's settings to the recipe of this row, or method, one after the other: runs "
    "them and prints what each is worth",
  )
  made.add_argument("--recipe", default=SUITE, choices=NAMES, help="which rows are run")
  made.add_argument("--task", nargs="+", default=[], metavar="TASK", help="tasks to run")
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
  before = ["", *argv][list(argv).index(arguments.name)]
  named = bench.named("reproduce", arguments.name, before if before in rest else "")
  found = bench.get(named)
  if not found.suite.reported:
    raise ValueError(f"suite {found.name} has no published rows: see adapt reproduce")
  rest += ["--task", *arguments.task] if arguments.task else []
  if arguments.explain is not None:
    from adapt.cli import explain

    return explain.explain(found.suite, arguments.explain, arguments.out, rest)
  code = 0
  if not arguments.compare_only:
    chosen = _by_recipe(found, arguments.task) if arguments.recipe == PAPER else _methods(found)
    code = bench.run([found.name, *chosen, "--out", arguments.out, *rest])
  return code or _compare(found, arguments)


def _list(rest: Sequence[str]) -> int:
  if rest:
    raise ValueError(f"{rest[0]} needs a suite: adapt reproduce NAME {' '.join(rest)}")
  found = [bench.get(name) for name in bench.names()]
  rows = [(one.name, _count(one), "; ".join(_sources(one))) for one in found if one.suite.reported]
  print("\n".join(text.columns(rows, flexible=2)))
  print(
    "\nadapt reproduce NAME runs the methods beside its rows and compares; with --recipe paper those by "
    "the papers' recipes; --explain ROW says what each setting of a recipe is worth."
  )
  return 0


def _count(found: Benchmark) -> str:
  """How many rows, and how many of them by a recipe."""
  beside = [row.beside for row in found.suite.reported]
  by_recipe = sum(label.endswith(SUFFIX) for label in beside)
  return f"{len(beside)} rows" + (f", {by_recipe} by recipe" if by_recipe else "")


def _sources(found: Benchmark) -> list[str]:
  return list(dict.fromkeys(row.source for row in found.suite.reported))


def _by_recipe(found: Benchmark, tasks: Sequence[str]) -> list[str]:
  """Methods beside rows by recipe, of the given tasks if any are given, and the flag for them."""
  rows = [row for row in found.suite.reported if row.beside.endswith(SUFFIX)]
  own = [row for row in rows if not tasks or row.accuracy.keys() & set(tasks)]
  if not own:
    where = f" on {', '.join(tasks)}" if rows else ""
    raise ValueError(f"suite {found.name} has no rows by recipe{where}: leave out --recipe")
  return [*dict.fromkeys(row.beside.removesuffix(SUFFIX) for row in own), "--recipe", PAPER]


def _methods(found: Benchmark) -> list[str]:
  """Methods beside published rows. Rows of settings that are flags are left out, and told."""
  beside = list(dict.fromkeys(row.beside for row in found.suite.reported))
  if found.plan:
    return beside
  from adapt import methods

  known = set(methods.names())
  others = [label for label in beside if label not in known]
  if by_recipe := [label.removesuffix(SUFFIX) for label in others if label.endswith(SUFFIX)]:
    print(f"not run, as they need --recipe {PAPER}: {', '.join(by_recipe)}")
  if others := [label for label in others if not label.endswith(SUFFIX)]:
    print(f"not run, as they need flags of their own: {', '.join(others)}")
  return [label for label in beside if label in known]


def _compare(found: Benchmark, arguments: argparse.Namespace) -> int:
  from adapt.records import record
  from adapt.report import reproductions

  lines = reproductions.lines(reproductions.compare(record.read_all(arguments.out), found.suite))
  if not lines:
    raise ValueError(f"no records of {found.name} in {arguments.out}: run it, or give --out")
  print("\n".join(lines))
  return 0
