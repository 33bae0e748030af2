"""`adapt tables`, `adapt figures` and `adapt compare` on record folders.

They report what a folder of records says.
"""

import argparse
import re
import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from adapt import catalogue, outputs
from adapt.cli import plugins, text
from adapt.cli.bench import FOLDER
from adapt.cli.command import Parser, refused
from adapt.data import atomic_files
from adapt.experiments.suite import Suite
from adapt.report.summary import Record

RECORDS = Path("runs")  # where adapt run writes
_SELECT = (
  "which evaluation counts, in place of what each suite's protocol says: last, oracle, a validator or "
  "auto, the validator that we would take; such tables go to RESULTS/tables/RULE, and no README is "
  "filled in"
)


_MEASURE = (
  "what tables show at the last step, in place of each suite's measure, e.g. auroc; such tables go to "
  "RESULTS/tables/MEASURE, and no README is filled in"
)


class Request(NamedTuple):
  """Options of `adapt tables`."""

  results: Path  # folder of records
  out: Path  # folder of the tables
  pages: tuple[Path, ...]  # whose blocks are filled in
  benchmarks: Path  # folder of suites
  rule: str | None  # which evaluation counts, if not a suite's own
  measure: str | None  # what tables show, if not a suite's own
  check: bool  # whether files are compared instead of written


# Further files that a repository makes of its records, and tables for the blocks of its README.
Further = Callable[[Request, Sequence[Record]], tuple[Mapping[Path, str], Mapping[str, str]]]


def tables(argv: Sequence[str], default: Path = RECORDS, further: Further | None = None) -> int:
  """Write or check the tables of a folder of records.

  Returns the exit code.

  Args:
    argv: flags.
    default: the folder, where no flag names one.
    further: makes other files of the same records.
  """
  try:
    plugins.use(argv)
    arguments = tables_parser(default).parse_args(argv)
    request = _request(arguments)
    if _is_excerpt(arguments):
      print(_excerpt(request, arguments), end="")
      return 0
    files = generated(request, further)
  except ValueError as error:
    return refused(error)
  from adapt.report import result_files

  if request.check:
    lines = result_files.differences(files, request.out)
    print("\n".join(lines) if lines else "tables agree with the records")
    return 1 if lines else 0
  try:
    for path, content in files.items():
      atomic_files.replace(path, content.encode())
      print(path)
  except ValueError as error:
    return refused(error)
  return 0


def tables_parser(default: Path = RECORDS) -> Parser:
  """The flags of `adapt tables`."""
  parser = Parser(
    prog="adapt tables",
    description="Writes tables in Markdown, LaTeX and CSV, and a page, from a folder of records.",
  )
  parser.add_argument("--results", type=Path, default=default, help="folder of records")
  parser.add_argument("--out", type=Path, help="folder for the tables (default: RESULTS/tables)")
  parser.add_argument(
    "--readme",
    type=Path,
    nargs="+",
    default=[],
    metavar="FILE",
    help="pages whose blocks <!-- results:SUITE --> are filled in",
  )
  parser.add_argument(
    "--benchmarks", type=Path, default=FOLDER, help="folder of suites, for protocols and rows"
  )
  parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on a difference")
  parser.add_argument("--select", metavar="RULE", help=_SELECT)
  parser.add_argument("--measure", metavar="NAME", help=_MEASURE)
  part = parser.add_argument_group("one table, for a paper (printed; no file is written)")
  part.add_argument("--suite", metavar="NAME", help="whose main table")
  part.add_argument("--rows", nargs="+", default=[], metavar="LABEL", help="these rows alone")
  part.add_argument(
    "--columns", nargs="+", default=[], metavar="TASK", help="these tasks alone, and average"
  )
  part.add_argument("--latex", action="store_true", help="LaTeX (booktabs) in place of Markdown")
  part.add_argument("--caption", metavar="TEXT", help="full, short or your own (default: full)")
  plugins.add(parser)
  return parser


def _is_excerpt(arguments: argparse.Namespace) -> bool:
  """Whether one table is asked for; ValueError where it is not said which."""
  given = vars(arguments)
  asked = [n for n in ("rows", "columns", "latex", "caption") if given[n]]
  if asked and not given["suite"]:
    raise ValueError(f"--{asked[0]} is of one table: name its suite by --suite")
  return bool(given["suite"])


def _excerpt(request: Request, arguments: argparse.Namespace) -> str:
  from adapt.records import record
  from adapt.report import excerpt

  given = vars(arguments)
  records = record.read_all(request.results)
  if not records:
    raise ValueError(_no_records(request.results))
  names = sorted({r["suite"] for r in records})
  if given["suite"] not in names:
    raise ValueError(catalogue.unknown("suite", given["suite"], names))
  mine = [r for r in records if r["suite"] == given["suite"]]
  suite = _suites(request.benchmarks).get(given["suite"])
  chosen = excerpt.excerpt(
    mine, suite, given["rows"], given["columns"], request.rule, request.measure
  )
  return excerpt.text(chosen, given["suite"], given["latex"], given["caption"] or "full")


def _suites(folder: Path) -> dict[str, Suite]:
  """The suites of the folder, and those of plug-ins."""
  from adapt.experiments import suites

  named = {name: suites.get(name) for name in catalogue.names("adapt.suites")}
  return suites_in(folder) | named


def _request(arguments: argparse.Namespace) -> Request:
  given = vars(arguments)
  rule = given["select"] or None
  measure = outputs.find(given["measure"]).name if given["measure"] else None
  if measure and rule:
    raise ValueError("--measure is known at the last step alone: leave out --select or --measure")
  ours = given["results"] / "tables"
  out = given["out"] or ours / (rule or measure or "")
  pages = () if rule or measure else tuple(given["readme"])
  return Request(given["results"], out, pages, given["benchmarks"], rule, measure, given["check"])


def generated(request: Request, further: Further | None = None) -> dict[Path, str]:
  """Return path → text of every file generated from the records.

  Raises:
    ValueError: there are none, one is broken, or the rule is no validator of any.
  """
  from adapt.records import record
  from adapt.report import result_files

  records: Sequence[Record] = record.read_all(request.results)
  if not records:
    raise ValueError(_no_records(request.results))
  known = _suites(request.benchmarks)
  files = result_files.generated(
    records, request.results, request.out, known, request.rule, request.measure
  )
  more, others = further(request, records) if further else ({}, {})
  filled = {}
  for page in filter(Path.exists, request.pages):
    text = more.get(page) or page.read_text(encoding="utf-8")
    filled[page] = result_files.filled(text, records, known, others)
  return {**files, **more, **filled}


def suites_in(folder: Path) -> dict[str, Suite]:
  """Load the `SUITE` of every module in a folder.

  They are by name. A folder that is not there has none.
  """
  found = {}
  if str(folder.resolve().parent) not in sys.path:
    sys.path.append(str(folder.resolve().parent))  # suites import from each other
  for file in sorted(folder.glob("*.py")):
    # Other files may need packages that a table does not.
    if re.search(r"^SUITE\b", file.read_text(encoding="utf-8"), re.MULTILINE):
      made = runpy.run_path(str(file))
      suite, first = made["SUITE"], (made["__doc__"] or "").partition("\n")[0]
      if isinstance(suite, Suite):
        found[suite.name] = suite._replace(about=suite.about or first)
  return found


def figures(argv: Sequence[str], default: Path = RECORDS) -> int:
  """Draw the figures of a folder of records.

  Returns the exit code.
  """
  arguments = figures_parser(default).parse_args(argv)
  from adapt.report import figures as drawing

  out = arguments.out or arguments.results / "figures"
  try:
    if not any(arguments.results.glob("*/*/*.json")):
      raise ValueError(_no_records(arguments.results))
    own = {name: suite.measure for name, suite in _suites(arguments.benchmarks).items()}
    asked = arguments.suite, arguments.task, arguments.format
    drawn = drawing.draw(arguments.results, out, *asked, measures=own)
  except ValueError as error:
    return refused(error)
  for path in drawn:
    print(path)
  return 0


def figures_parser(default: Path = RECORDS) -> Parser:
  """The flags of `adapt figures`."""
  parser = Parser(
    prog="adapt figures", description="Draws the figures of suites and tasks from their records."
  )
  parser.add_argument("--results", type=Path, default=default, help="folder of records")
  parser.add_argument("--out", type=Path, help="folder for figures (default: RESULTS/figures)")
  parser.add_argument(
    "--benchmarks", type=Path, default=FOLDER, help="folder of suites, for their measures"
  )
  parser.add_argument("--suite", nargs="+", metavar="NAME", help="draw these only")
  parser.add_argument(
    "--task", nargs="*", metavar="NAME", help="of these tasks only; without a name: none of a task"
  )
  parser.add_argument(
    "--format",
    choices=("png", "pdf", "svg"),
    default="png",
    help="pdf and svg have the width of a paper's column or page",
  )
  return parser


def compare(argv: Sequence[str]) -> int:
  """Print the differences between two folders of records.

  Returns the exit code.
  """
  arguments = compare_parser().parse_args(argv)
  from adapt.records import record
  from adapt.report import differences

  try:
    sides = [record.read_all(folder) for folder in (arguments.a, arguments.b)]
    for folder, records in zip((arguments.a, arguments.b), sides, strict=True):
      if not records:
        raise ValueError(_no_records(folder))
  except ValueError as error:
    return refused(error)
  console = text.console(text.width())
  console.print(differences.comparison(*sides))
  console.print(differences.changes(*sides))
  return 0


def compare_parser() -> Parser:
  """The arguments of `adapt compare`."""
  parser = Parser(
    prog="adapt compare",
    description="Compares two folders of records: every cell of both, and per method the change "
    "from A to B, paired over seeds and tasks.",
  )
  parser.add_argument("a", type=Path, metavar="A", help="folder of records")
  parser.add_argument("b", type=Path, metavar="B", help="folder of records")
  return parser


def _no_records(folder: Path) -> str:
  return f"no records under {folder}: name the --out folder of a run"


COMMANDS = {"tables": tables, "figures": figures, "compare": compare}
