"""`adapt run` and benchmark commands.

Flags come from signatures and their docstrings.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from adapt.cli import commands, distributed, flag_types, flags, own_pair, plugins, reading_flags
from adapt.cli.command import Parser, guarded
from adapt.data import Domain
from adapt.experiments import generalisation, suites
from adapt.experiments.own_suite import OwnSuite
from adapt.experiments.recipe import SUITE
from adapt.experiments.suite import Suite, Task
from adapt.records import started
from adapt.training import hosts


def main(argv: Sequence[str] | None = None) -> int:
  """Runs the command `adapt` in this process."""
  return commands.main(argv)


def run_own(argv: list[str]) -> int:
  """Run `adapt run`, or a suite named by --config.

  The file of --config may be of a suite.
  """
  found: list[tuple[str | None, list[str]]] = []

  def expand() -> int:
    from adapt.cli import config

    found.append(config.expanded(argv))
    return 0

  if code := guarded(expand):
    return code
  [(name, own)] = found
  if own == argv:
    return distributed.command(own, lambda: _run_own(own))
  # So that a record says what was run, not in which file that stood.
  with started.shown_as(["adapt", "bench", name, *own] if name else ["adapt", "run", *own]):
    if name is None:
      return distributed.command(own, lambda: _run_own(own))
    from adapt.cli import bench

    return guarded(lambda: bench.run([name, *own]))


def benchmark(
  suite: Suite,
  argv: Sequence[str] | None = None,
  domains: Callable[[str], Domain] | None = None,
) -> int:
  """Run `python -m benchmarks.NAME`: methods × tasks of a suite.

  Its domains are loaded by name or as given.
  """
  argv = list(sys.argv[1:] if argv is None else argv)
  return distributed.command(argv, lambda: _benchmark(suite, argv, domains))


def _benchmark(
  suite: Suite, argv: list[str], domains: Callable[[str], Domain] | None = None
) -> int:
  suite = _by_protocol(suite, argv)
  started = "python -m benchmarks." if Path(sys.argv[0]).suffix == ".py" else "adapt bench "
  prog = f"{started}{suite.name}"
  usage = f"{prog} METHOD… [--task TASK…] [flags]"
  parser = Parser(prog=prog, usage=usage, description=suite.protocol)
  tasks, names, arguments = parsed(parser, suite, argv)
  distributed.compare(arguments)
  from adapt.cli import run

  return run.run_suite(suite, tasks, names, arguments, domains)


def _by_protocol(suite: Suite, argv: Sequence[str]) -> Suite:
  """The suite, by the protocol that a command line asks for."""
  if not own_pair.unseen(argv):
    return suite
  declared = f"{suite.name}{generalisation.SUFFIX}"
  return suites.get(declared) if declared in suites.names() else generalisation.leave_one_out(suite)


def parsed(
  parser: Parser, suite: Suite, argv: list[str]
) -> tuple[list[Task], list[str], argparse.Namespace]:
  """Parse the tasks, methods and flags chosen for a suite.

  Args:
    parser: may have flags of its own already.
    suite: its settings are the flags' defaults.
    argv: without the program's name.
  """
  plugins.use(argv)
  parser.add_argument(
    "methods", nargs="+", metavar="METHOD", help="methods, or all (that shots and tasks allow)"
  )
  tasks = [t.name for t in suite.tasks]
  parser.add_argument("--task", nargs="+", default=tasks, metavar="TASK", help="tasks to run")
  parser.add_argument("--batch-tasks", action="store_true", help="tasks of equal shape at once")
  parser.add_argument(
    "--recipe",
    default=SUITE,
    help="settings of the suite, or of each method's paper, where the suite has them: suite or paper",
  )

  def tasks_of(a: argparse.Namespace) -> list[Task]:
    return [flags.with_classes(suite.task(name), a.classes) for name in dict.fromkeys(a.task)]

  def methods_of(a: argparse.Namespace) -> list[str]:
    return flags.expand(a.methods, a.shots, tasks_of(a))

  arguments = flags.parse(parser, suite.settings, argv, methods_of, suite)
  return tasks_of(arguments), methods_of(arguments), arguments


def run_parser() -> Parser:
  """Parser of `adapt run`'s own flags.

  The flags of every training come beside them.
  """
  parser = Parser(
    prog="adapt run",
    usage="adapt run --source SOURCE… (--target TARGET | --each) [--method METHOD…] [flags]",
    description="Trains on a source and a target of your own.",
  )
  where = "NAME, tfds:NAME, a folder of images, a table, an .npz or other file of arrays"
  several = "auto and three or more: the better half, chosen without target labels"
  parser.add_argument("--source", nargs="+", metavar="SOURCE", help=f"{where}; {several}")
  parser.add_argument("--target", metavar="TARGET", help=f"{where}; labels may be missing")
  parser.add_argument(
    "--data",
    metavar="PATH",
    help="folder with source_data.npy and so on; or, with --domain-column, a table: --source and "
    "--target are then values of that column, --source rest all others",
  )
  parser.add_argument(
    "--each",
    action="store_true",
    help="every ordered pair of the domains of --source, or of --domain-column",
  )
  parser.add_argument(
    "--method",
    nargs="+",
    default=["dann"],
    metavar="METHOD",
    help="methods to run; auto tries a few and chooses one without target labels",
  )
  parser.add_argument(
    "--budget",
    type=flag_types.minutes,
    metavar="M",
    help="of --method auto: begins no method that would end after so many minutes",
  )
  reading_flags.add(parser.add_argument_group("reading your files"))
  # Replaced by what the file says before anything is parsed; here for the help.
  parser.add_argument(
    "--config", metavar="FILE", help="flags from a file (adapt config) or of a record, first"
  )
  return parser


def _run_own(argv: list[str]) -> int:
  hosts.together(lambda: plugins.use(argv))
  parser = run_parser()
  from adapt.cli import auto

  own = hosts.together(lambda: own_pair.pairs_of(argv))

  def methods_of(a: argparse.Namespace) -> list[str]:
    if auto.asked(a.method):
      if a.protocol:
        raise ValueError("--method auto tries methods that adapt to a target: name methods")
      return auto.methods(own)
    return flags.expand(a.method, a.shots, [one.task for one in own])

  parser.set_defaults(batch_tasks=False, recipe=SUITE)
  arguments = flags.parse(parser, own[0].settings, argv, methods_of, None)
  distributed.compare(arguments)
  from adapt.cli import run

  if hosts.leads():
    _tell(own)
  names = methods_of(arguments)
  if auto.asked(arguments.method):
    return auto.run(own, arguments)
  if arguments.budget is not None:
    raise ValueError("--budget is of --method auto: leave it out, or choose that")
  parts = [
    (run.experiments_of(one.suite, [one.task], names, arguments), one.domains) for one in own
  ]
  return run.run_parts(parts, arguments)


def _tell(own: Sequence[OwnSuite]) -> None:
  """Prints what reading has done and what is odd, once for all pairs, which may share domains."""
  for note in dict.fromkeys(note for one in own for note in one.notes):
    print(f"note: {note}", file=sys.stderr)
  for line in dict.fromkeys(line for one in own for line in one.warnings):
    print(f"warning: {line}", file=sys.stderr)


if __name__ == "__main__":
  commands.entry()
