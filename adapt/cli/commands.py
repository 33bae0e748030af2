"""`adapt`: the table of commands.

What a command needs is imported when it runs.
"""

import platform
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import NamedTuple, NoReturn

import adapt
from adapt import catalogue
from adapt.cli import text
from adapt.cli.command import absent, guarded, refused, unread

_BAD = 2  # exit code of bad input
_HEAD = "usage: adapt COMMAND …\n\nDomain adaptation: train on labelled source data for a target."
_TAIL = "adapt COMMAND --help has the flags of a command; adapt --version, the versions."


class Command(NamedTuple):
  """A command of `adapt`."""

  does: str
  run: Callable[[list[str]], int]


def main(argv: Sequence[str] | None = None) -> int:
  """Runs `adapt COMMAND …`; returns the exit code."""
  argv = list(sys.argv[1:] if argv is None else argv)
  if not argv or argv[0] in ("-h", "--help"):
    return looked_up(lambda: print(help_text()) or 0)
  if argv[0] == "--version":
    return looked_up(lambda: print(version()) or 0)
  command = COMMANDS.get(argv[0])
  if command is None:
    what = "flag" if argv[0].startswith("-") else "command"
    near = catalogue.meant(argv[0], COMMANDS)
    print(f"error: unknown {what} '{argv[0]}'{near}: see adapt --help", file=sys.stderr)
    return _BAD
  return command.run(argv[1:])


def help_text() -> str:
  """Return the help that `adapt` alone prints."""
  parts = [_HEAD]
  for title, group in GROUPS.items():
    rows = [(name, command.does) for name, command in group.items()]
    parts.append(f"{text.heading(title)}\n{text.pairs(rows)}")
  return "\n\n".join([*parts, _TAIL])


def version() -> str:
  """Return one line with the versions that affect results."""
  jax = metadata.version("jax")
  return f"adapt-jax {adapt.__version__}, jax {jax}, python {platform.python_version()}"


def _run(argv: list[str]) -> int:
  from adapt.cli import main

  return main.run_own(argv)


def _bench(argv: list[str]) -> int:
  from adapt.cli import bench

  return looked_up(lambda: bench.run(argv))


def _advise(argv: list[str]) -> int:
  from adapt.cli import advise

  return guarded(lambda: advise.main(argv))


def _config(argv: list[str]) -> int:
  from adapt.cli import config

  return guarded(lambda: config.main(argv))


def _listing(name: str) -> Callable[[list[str]], int]:
  def run(argv: list[str]) -> int:
    from adapt.cli import listing

    return looked_up(lambda: listing.main(name, argv))

  return run


def _suites(argv: list[str]) -> int:
  from adapt.cli import bench

  return looked_up(lambda: bench.main(argv))


def _data(argv: list[str]) -> int:
  from adapt.cli import data

  return guarded(lambda: data.main(argv))


def _model(name: str) -> Callable[[list[str]], int]:
  def run(argv: list[str]) -> int:
    from adapt.cli import model

    return guarded(lambda: model.main([name, *argv]))

  return run


def _results(name: str) -> Callable[[list[str]], int]:
  def run(argv: list[str]) -> int:
    from adapt.cli import results

    return looked_up(lambda: results.COMMANDS[name](argv))

  return run


def _check(argv: list[str]) -> int:
  from adapt.cli import check

  return guarded(lambda: check.main(argv))


def _reproduce(argv: list[str]) -> int:
  from adapt.cli import reproduce

  return looked_up(lambda: reproduce.main(argv))


def _completion(argv: list[str]) -> int:
  from adapt.cli import completion

  return looked_up(lambda: completion.main(argv))


GROUPS = {
  "train": {
    "advise": Command("which source, what shift, what accuracy, before training", _advise),
    "run": Command("train on a source and a target of your own", _run),
    "bench": Command("train on the tasks of a suite", _bench),
    "config": Command("the file of a command, for run --config", _config),
  },
  "what there is": {
    "methods": Command("ways to adapt", _listing("methods")),
    "models": Command("networks", _listing("models")),
    "weights": Command("weightings of source examples", _listing("weights")),
    "tunings": Command("ways to fine-tune", _listing("tunings")),
    "validators": Command("model selection without target labels", _listing("validators")),
    "suites": Command("benchmarks: tasks, protocol, published rows", _suites),
    "data": Command("list, prepare, show and audit data sets", _data),
  },
  "results": {
    "tables": Command("tables and a page of a folder of records", _results("tables")),
    "figures": Command("figures of a folder of records", _results("figures")),
    "compare": Command("two folders of records, with statistics", _results("compare")),
    "reproduce": Command("published rows beside ours", _reproduce),
  },
  "trained models": {
    "predict": Command("predict with a saved model", _model("predict")),
    "export": Command("a saved model for jax alone", _model("export")),
  },
  "extend": {"check": Command("run the contract on a method of your own", _check)},
  "terminal": {"completion": Command("completion of commands for a shell", _completion)},
}
COMMANDS = {name: command for group in GROUPS.values() for name, command in group.items()}


def looked_up(work: Callable[[], int]) -> int:
  """Run a command that trains nothing.

  Bad input is one line and exit code 2.
  """
  try:
    code = work()
    sys.stdout.flush()
    return code
  except BrokenPipeError:
    unread()
    return 0
  except (ValueError, OSError) as error:
    return refused(error)
  except ModuleNotFoundError as error:
    return absent(error)


def entry() -> NoReturn:
  """Entry point of the console script."""
  sys.exit(main())


if __name__ == "__main__":
  entry()
