"""The command line: flags come from signatures and their docstrings."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from adapt.cli import distributed, flags
from adapt.cli.command import Parser, guarded
from adapt.data import Domain, label_sets
from adapt.experiments import suites
from adapt.experiments.suite import Suite, Task
from adapt.records import record
from adapt.training import hosts


def main(argv: Sequence[str] | None = None) -> int:
  """`adapt`: the installed command."""
  argv = list(sys.argv[1:] if argv is None else argv)
  parser = Parser(prog="adapt", description="Domain adaptation on your own two data sets.")
  commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
  commands.add_parser("run", help="train on a source and a target", add_help=False)
  commands.add_parser("bench", help="train on the tasks of a suite", add_help=False)
  commands.add_parser("data", help="list, prepare, show and audit data sets", add_help=False)
  commands.add_parser("predict", help="predict with a saved model", add_help=False)
  commands.add_parser("export", help="a saved model for jax alone", add_help=False)
  commands.add_parser("config", help="the file of a command, for run --config", add_help=False)
  listing = commands.add_parser("methods", help="list methods, weightings and tunings")
  listing.add_argument("name", nargs="?", help="show the flags of this one")
  flags.add_plugins(listing)
  listing.add_argument(
    "--table", action="store_true", help="family, setting, paper, extra state, and measured cost"
  )
  if argv[:1] == ["run"]:
    return _run_command(argv[1:])
  if argv[:1] == ["config"]:
    from adapt.cli import config

    return guarded(lambda: config.main(argv[1:]))
  if argv[:1] == ["bench"]:
    return distributed.command(argv[1:], lambda: _bench(argv[1:]))
  if argv[:1] == ["data"]:
    from adapt.cli import data

    return guarded(lambda: data.main(argv[1:]))
  if argv[:1] in (["predict"], ["export"]):
    from adapt.cli import model

    return guarded(lambda: model.main(argv))
  arguments = parser.parse_args(argv)

  def show() -> int:
    from adapt.cli import listing

    flags.use_plugins(argv)
    if arguments.table:
      return listing.table(arguments.name)
    return flags.show(arguments.name) if arguments.name else listing.short()

  return guarded(show)


def _run_command(argv: list[str]) -> int:
  """`adapt run`, of a suite where the file of --config is of one."""
  found: list[tuple[str | None, list[str]]] = []

  def expand() -> int:
    from adapt.cli import config

    found.append(config.expanded(argv))
    return 0

  if code := guarded(expand):
    return code
  [(name, own)] = found
  if own != argv:  # so that a record says what was run, not in which file that stood
    record.note_command(["adapt", "bench", name, *own] if name else ["adapt", "run", *own])
  if name is None:
    return distributed.command(own, lambda: _run(own))

  return distributed.command(own, lambda: _bench([name, *own]))


def benchmark(
  suite: Suite,
  argv: Sequence[str] | None = None,
  domains: Callable[[str], Domain] | None = None,
) -> int:
  """`python -m benchmarks.NAME`: methods × tasks of a suite, its domains loaded by name or as given."""
  argv = list(sys.argv[1:] if argv is None else argv)
  return distributed.command(argv, lambda: _benchmark(suite, argv, domains))


def _bench(argv: list[str]) -> int:
  flags.use_plugins(argv)
  if not argv or argv[0].startswith("-"):
    raise ValueError(
      f"name the suite first: adapt bench SUITE METHOD…, of {', '.join(suites.names())}"
    )
  return _benchmark(suites.get(argv[0]), argv[1:], prog=f"adapt bench {argv[0]}")


def _benchmark(
  suite: Suite,
  argv: list[str],
  domains: Callable[[str], Domain] | None = None,
  prog: str | None = None,
) -> int:
  prog = prog or f"python -m benchmarks.{suite.name}"
  parser = Parser(prog=prog, description=suite.protocol)
  tasks, names, arguments = parsed(parser, suite, argv)
  from adapt.cli import run

  return run.run(suite, tasks, names, arguments, domains)


def parsed(
  parser: Parser, suite: Suite, argv: list[str]
) -> tuple[list[Task], list[str], argparse.Namespace]:
  """Tasks, methods and flags that a command line chooses of a suite.

  Args:
    parser: may have flags of its own already.
    suite: its settings are the flags' defaults.
    argv: without the program's name.
  """
  flags.use_plugins(argv)
  parser.add_argument(
    "methods", nargs="+", metavar="METHOD", help="methods, or all (that shots and tasks allow)"
  )
  tasks = [t.name for t in suite.tasks]
  parser.add_argument("--task", nargs="+", default=tasks, metavar="TASK", help="tasks to run")
  parser.add_argument("--batch-tasks", action="store_true", help="tasks of equal shape at once")

  def tasks_of(a: argparse.Namespace) -> list[Task]:
    return [flags.with_classes(suite.task(name), a.classes) for name in dict.fromkeys(a.task)]

  def methods_of(a: argparse.Namespace) -> list[str]:
    return flags.expand(a.methods, a.shots, tasks_of(a))

  arguments = flags.parse(parser, suite.settings, argv, methods_of, suite)
  return tasks_of(arguments), methods_of(arguments), arguments


def _run(argv: list[str]) -> int:
  flags.use_plugins(argv)
  parser = Parser(prog="adapt run", description="Trains on a source and a target of your own.")
  where = "NAME, tfds:NAME, a folder of images, an .npz, .npy, .csv or .parquet file"
  parser.add_argument("--source", nargs="+", metavar="SOURCE", help=where)
  parser.add_argument("--target", metavar="TARGET", help=f"{where}; labels may be missing")
  parser.add_argument("--data", metavar="FOLDER", help="folder with source_data.npy and so on")
  parser.add_argument(
    "--method", nargs="+", default=["dann"], metavar="METHOD", help="methods to run"
  )
  from adapt.cli import own_pair

  pair = hosts.together(lambda: own_pair.pair_of(argv))

  def methods_of(a: argparse.Namespace) -> list[str]:
    return flags.expand(a.method, a.shots, [flags.with_classes(pair.task, a.classes)])

  parser.set_defaults(batch_tasks=False)
  arguments = flags.parse(parser, pair.settings, argv, methods_of, None)
  from adapt.cli import run
  from adapt.data import audit

  task = flags.with_classes(pair.task, arguments.classes)
  *sources, target = (pair.domains(name) for name in (*task.source, task.target))
  if task.classes:  # that the target has unknown classes is no news then
    label_sets.restricted(sources, target, task.classes)  # refuses them as they were given
    known = task.classes._replace(target_private=0)
    sources, target = label_sets.restricted(sources, target, known)
  for line in audit.warnings(sources, target) if hosts.leads() else ():
    print(f"warning: {line}", file=sys.stderr)
  suite = Suite("run", (task,), pair.settings, pair.protocol)
  return run.run(suite, [task], methods_of(arguments), arguments, pair.domains)


def entry() -> NoReturn:
  """The console script."""
  sys.exit(main())


if __name__ == "__main__":
  entry()
