"""`adapt completion SHELL`: print a shell completion script.

With it a shell completes commands, names and flags.
"""

import argparse
from collections.abc import Iterable, Sequence

from adapt.cli import bench, kinds, listing
from adapt.cli.command import Parser

# Arguments whose values are, or may be, paths.
_PATHS = (
  *("source", "target", "data", "out", "config", "model", "pretrained", "data_dir", "methods_path"),
  *("plugins", "results", "readme", "benchmarks", "a", "b", "json", "plot"),
)
SHELLS = ("bash", "zsh", "tcsh")
_HOW = """How to switch it on:
  bash  eval "$(adapt completion bash)"  in ~/.bashrc
  zsh   adapt completion zsh > _adapt    in a folder of $fpath
  tcsh  adapt completion tcsh > FILE     and source it in ~/.tcshrc
Names are those that are there now: write it again after an update."""


def main(argv: Sequence[str]) -> int:
  """Print the completion script of a shell.

  Returns the exit code.

  Raises:
    ValueError: shtab is not installed.
  """
  arguments = own_parser().parse_args(argv)
  try:
    import shtab
  except ImportError:
    raise ValueError("completion needs shtab: pip install shtab") from None
  made = parser()
  _complete_paths(made, shtab.FILE)
  print(shtab.complete(made, shell=arguments.shell))
  return 0


def own_parser() -> Parser:
  """The argument of `adapt completion`."""
  made = Parser(
    prog="adapt completion",
    description="Prints the script by which a shell completes commands, names and flags.",
    epilog=_HOW,
  )
  made.formatter_class = argparse.RawDescriptionHelpFormatter
  made.add_argument("shell", choices=SHELLS, metavar=" | ".join(SHELLS), help="of what shell")
  return made


def parser() -> argparse.ArgumentParser:
  """Parser of all commands, for completion only.

  It has every command with its flags and the names that they take. It is not for parsing.
  """
  from adapt.cli import advise, check, commands, data, model, reproduce, results
  from adapt.data import builders

  made = argparse.ArgumentParser(prog="adapt")
  made.add_argument("--version", action="store_true", help="the versions")
  own: dict[str, argparse.ArgumentParser] = {
    "run": run_parser(),
    "bench": _bench(),
    "suites": bench.suites_parser(),
    "advise": advise.parser(),
    "check": check.parser(),
    "data": data.parser(),
    "predict": model.parser("predict"),
    "export": model.parser("export"),
    "tables": results.tables_parser(),
    "figures": results.figures_parser(),
    "compare": results.compare_parser(),
    "reproduce": reproduce.parser(),
    "completion": own_parser(),
    **{name: listing.parser(kind) for name, kind in kinds.KINDS.items()},
  }
  for name in ("suites", "reproduce"):
    _choose(own[name], "name", bench.names())
  for inner in ("list", "prepare"):
    _choose(_inner(own["data"], inner), "name" if inner == "list" else "names", builders.names())
  for name, kind in kinds.KINDS.items():
    _choose(own[name], "name", kind.names())
  added = made.add_subparsers(dest="command")
  for name, command in commands.COMMANDS.items():
    parents = [own[name]] if name in own else []
    added.add_parser(name, help=command.does, parents=parents, add_help=not parents)
  return made


def run_parser() -> Parser:
  """Parser of `adapt run`'s fixed flags, with name choices.

  These flags do not depend on what is chosen.
  """
  from adapt.cli import main

  made = main.run_parser()
  _general(made)
  return made


def _bench() -> Parser:
  made = bench.bench_parser()
  _choose(made, "suite", bench.names())
  made.add_argument("--task", nargs="+", metavar="TASK", help="tasks to run")
  made.add_argument("--batch-tasks", action="store_true", help="tasks of equal shape at once")
  _general(made)
  _choose(made, "methods", [*kinds.KINDS["methods"].names(), "all"])
  return made


def _general(made: Parser) -> None:
  from adapt.cli import flags
  from adapt.training.settings import Settings

  flags.add_general(made, Settings())
  for kind in kinds.KINDS.values():
    _choose(made, kind.flag.removeprefix("--"), kind.names())


def _inner(made: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
  """Return the parser of a subcommand."""
  commands = next(a for a in made._actions if isinstance(a, argparse._SubParsersAction))
  found: argparse.ArgumentParser = commands.choices[name]
  return found


def _choose(made: argparse.ArgumentParser, dest: str, names: Iterable[str]) -> None:
  """Set the names that an argument takes.

  Parsers without the argument stay as they are.
  """
  for action in made._actions:
    if action.dest == dest:
      action.choices = list(names)


def _complete_paths(made: argparse.ArgumentParser, how: object) -> None:
  """Lets the shell complete paths where an argument takes them."""
  for action in made._actions:
    if isinstance(action, argparse._SubParsersAction):
      for inner in action.choices.values():
        _complete_paths(inner, how)
    elif action.dest in _PATHS and not action.choices and action.nargs != 0:
      action.complete = how  # type: ignore[attr-defined]
