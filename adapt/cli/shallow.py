"""Command line of shallow benchmarks, `python -m benchmarks.NAME`."""

import argparse
import importlib.util
import sys
from collections.abc import Sequence

from adapt import catalogue, data, extras
from adapt.cli import flag_types, text
from adapt.cli.command import Parser, guarded
from adapt.cli.data import prepare
from adapt.data import atomic_files, builders
from adapt.report import reproductions, terminal
from adapt.shallow.run import Plan, run


def main(plan: Plan, argv: Sequence[str] | None = None) -> int:
  """Run `python -m benchmarks.NAME` of a shallow benchmark.

  Returns the exit code.
  """
  arguments = list(sys.argv[1:] if argv is None else argv)
  return guarded(lambda: _main(plan, arguments))


def _main(plan: Plan, argv: Sequence[str]) -> int:
  parser = Parser(prog=f"shallow alignment on {plan.suite.name}", description=run.__doc__)
  tasks = [t.name for t in plan.suite.tasks]
  names = ", ".join(plan.methods)
  parser.add_argument("methods", nargs="*", metavar="METHOD", help=f"all, or some of {names}")
  parser.add_argument("--task", nargs="+", default=tasks, metavar="TASK", help="tasks to run")
  parser.add_argument(
    "--seeds", type=flag_types.integer, default=plan.seeds, help="runs 0 … SEEDS-1"
  )
  parser.add_argument("--out", default="runs", help="folder of records")
  parser.add_argument("--force", action="store_true", help="run again what is there")
  parser.add_argument("--data-dir", help="folder of prepared data sets")
  parser.add_argument(
    "--from", dest="source", metavar="FOLDER", help="prepare the data sets from this copy of them"
  )
  a = parser.parse_args(argv)
  chosen = list(plan.methods) if a.methods in ([], ["all"]) else a.methods
  for name in chosen:
    if name not in plan.methods:
      near = catalogue.meant(name, plan.methods)
      raise ValueError(f"no method '{name}' here{near}: choose from {names}")
  if importlib.util.find_spec("sklearn") is None:
    raise ValueError(f"shallow alignment needs scikit-learn: {extras.install('weights')}")
  if a.seeds < 1:
    raise ValueError(f"--seeds {a.seeds}: give 1 or more")
  atomic_files.check_writable(a.out)
  chosen_tasks = [plan.suite.task(name) for name in a.task]
  if a.source is not None:
    _prepare({name for task in chosen_tasks for name in (*task.source, task.target)}, a)

  def load(name: str) -> data.Domain:
    return data.load(name, a.data_dir)

  records = run(plan, chosen_tasks, chosen, a.seeds, a.out, load, force=a.force, report=_say)
  text.console().print(terminal.table(records))
  print("\n".join(reproductions.lines(reproductions.compare(records, plan.suite))))
  return 0


def _prepare(domains: set[str], arguments: argparse.Namespace) -> None:
  """Prepares the data sets that have these domains."""
  starts = [[s for s in builders.names() if name.startswith(f"{s}_")] for name in domains]
  prepare(sorted({max(s, key=len) for s in starts if s}), arguments.source, arguments.data_dir)


def _say(line: str) -> None:
  print(line, file=sys.stderr, flush=True)
