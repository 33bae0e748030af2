"""`adapt bench` and `adapt suites`: run, list and show suites.

A suite is a file of a checkout's benchmarks/, or of the folder suites of plug-ins. It defines SUITE,
whose methods are trained, or PLAN, whose methods are of closed form; beside SUITE also `main(argv)`,
where its runs need more.
"""

import ast
import importlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import adapt
from adapt import catalogue
from adapt.cli import kinds, plugins, text
from adapt.cli.command import Parser

FOLDER = Path(adapt.__file__).resolve().parents[1] / "benchmarks"  # of a checkout; not installed
NONE = (
  "no suites: they are the benchmarks of a checkout of the repository, which this installation is "
  "not, or files of your own (--plugins); adapt run trains on data of your own"
)
_GROUP = "adapt.suites"
_DECLARES = r"^(SUITE|PLAN)\b"


class Benchmark(NamedTuple):
  """A suite and the command that runs it."""

  name: str
  title: str
  suite: Any  # experiments.suite.Suite
  plan: Any = None  # shallow.run.Plan, of methods in closed form


def files() -> dict[str, Path]:
  """The benchmarks of a checkout, by name."""
  found = sorted(FOLDER.glob("*.py"))
  return {f.stem: f for f in found if re.search(_DECLARES, f.read_text("utf-8"), re.MULTILINE)}


def names() -> tuple[str, ...]:
  """Return all suite names, sorted.

  They are a checkout's and those of plug-ins.
  """
  return tuple(sorted({*files(), *catalogue.names(_GROUP)}))


def known(name: str) -> str:
  """Validate a suite name.

  ValueError says what is meant where no suite has it.
  """
  every = names()
  if not every:
    raise ValueError(NONE)
  if name not in every:
    raise ValueError(catalogue.unknown("suite", name, every))
  return name


def named(command: str, name: str, before: str = "") -> str:
  """Validate a suite name that its own flags follow.

  ValueError says what is meant where no suite has it.

  Args:
    command: of adapt, for the message.
    name: what stands where the name should.
    before: the word before it, where that is a suite's flag, whose value this may be.
  """
  flag = name if name.startswith("-") else before if before.startswith("-") else ""
  if flag and "=" not in before and names() and name not in names():
    raise ValueError(f"{flag} stands before the suite's name: adapt {command} NAME … {flag} …")
  return known(name)


def get(name: str) -> Benchmark:
  """Return the suite of that name."""
  if not _ours(known(name)):
    from adapt.experiments import suites

    return Benchmark(name, title(name), suites.get(name))
  module = _module(name)
  plan = getattr(module, "PLAN", None)
  return Benchmark(name, title(name), plan.suite if plan else module.SUITE, plan)


def _ours(name: str) -> bool:
  """Return whether the suite is the checkout's own.

  No plug-in has another suite of its name.
  """
  return name in files() and name not in catalogue.names(_GROUP)


def _module(name: str) -> Any:
  if str(FOLDER.parent) not in sys.path:
    sys.path.append(str(FOLDER.parent))
  return importlib.import_module(f"benchmarks.{name}")


def title(name: str) -> str:
  """Return the first docstring line of a suite's file."""
  file = files()[name] if _ours(name) else catalogue.source(_GROUP, name)
  if file is None:
    return name  # of an installed package
  first = (ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "").split("\n", 1)[0]
  return first.rstrip(".")


def run(argv: Sequence[str]) -> int:
  """Run `adapt bench SUITE METHOD…`.

  It is the same as `python -m benchmarks.SUITE METHOD…`.

  Raises:
    ValueError: no such suite.
  """
  plugins.use(argv)
  if argv[:1] in ([], ["-h"], ["--help"]):
    print(bench_parser().format_help(), end="")
    return 0
  name, rest = named("bench", argv[0]), list(argv[1:])
  from adapt.cli import main

  if not _ours(name):
    from adapt.experiments import suites

    return main.benchmark(suites.get(name), rest)
  module = _module(name)
  own = getattr(module, "main", None)
  if own is not None and own.__module__ == module.__name__:
    return int(own(rest))
  if plan := getattr(module, "PLAN", None):
    from adapt.cli import shallow

    return shallow.main(plan, rest)
  return main.benchmark(module.SUITE, rest)


def bench_parser() -> Parser:
  """Parser of `adapt bench` before a suite's flags are known."""
  made = Parser(
    prog="adapt bench",
    usage="adapt bench SUITE METHOD… [flags]",
    description="Trains methods on the tasks of a suite; its flags: adapt bench SUITE --help.",
  )
  made.add_argument("suite", metavar="SUITE", help=", ".join(names()) or NONE)
  made.add_argument("methods", nargs="*", metavar="METHOD", help="methods, or all")
  return made


def suites_parser() -> Parser:
  """The flags of `adapt suites`."""
  made = Parser(prog="adapt suites", description="Lists every suite, or shows one in full.")
  made.add_argument("name", nargs="?", metavar="NAME", help="show this suite in full")
  made.add_argument("--json", action="store_true", help="for programs: everything, as JSON")
  plugins.add(made)
  return made


def main(argv: Sequence[str]) -> int:
  """Runs `adapt suites [NAME]`; returns the exit code.

  Raises:
    ValueError: no such suite.
  """
  arguments = suites_parser().parse_args(argv)
  for folder in arguments.plugins:
    catalogue.plugins(folder)
  if arguments.name:
    from adapt.cli import describe_suite

    found = get(arguments.name)
    print(describe_suite.as_json(found) if arguments.json else describe_suite.page(found))
    return 0
  rows = [(name, title(name)) for name in names()]
  if arguments.json:
    listed = [{"name": name, "title": said} for name, said in rows]
    print(json.dumps(listed, indent=1, ensure_ascii=False))
  elif not rows:
    print(NONE)
  else:
    print("\n".join(text.columns([(n, _short(n, said)) for n, said in rows], flexible=1)))
    print("\nadapt suites NAME shows one in full; adapt bench NAME METHOD… runs it.")
  return 0


def _short(name: str, said: str) -> str:
  """Remove the suite's own name from its title.

  The name stands beside it already.
  """
  head, colon, tail = said.partition(": ")
  return tail if colon and kinds.plain(head) == kinds.plain(name) else said
