"""`adapt check`: test a method against the method contract.

The method is given as a file or a name.
"""

import argparse
import contextlib
from collections.abc import Sequence
from pathlib import Path

import jax
from rich import box
from rich.table import Table
from rich.text import Text

from adapt import catalogue, methods
from adapt.catalogue import Bound
from adapt.cli import flag_types, flags, text
from adapt.cli.command import Parser
from adapt.experiments import contract, contract_ground
from adapt.experiments.contract_runs import DEVICES

_MARKS = {"pass": ("✓ pass", "green"), "fail": ("✗ FAIL", "bold red"), "skip": ("– skip", "yellow")}


def main(argv: Sequence[str]) -> int:
  """Run `adapt check FILE`.

  Returns 0 if no check fails, else 1.

  Raises:
    ValueError: no such file or method.
  """
  asked_help = [a for a in argv if a in ("-h", "--help")]
  if asked_help and len(argv) == len(asked_help):
    parser().parse_args(argv)
  known, _ = parser().parse_known_args([a for a in argv if a not in asked_help])
  name = _named(known.method)
  arguments = _parsed(name, argv)
  _on_cpu()
  own = {
    k.removeprefix("method."): v for k, v in vars(arguments).items() if k.startswith("method.")
  }
  table, failed, console = _table(name), 0, text.console()
  with console.status(f"checking {name}") if console.is_terminal else contextlib.nullcontext():
    for check in contract.checks(
      lambda: _bound(name, own), arguments.lr, arguments.model, arguments.output
    ):
      mark, style = _MARKS[check.outcome]
      failed += check.outcome == "fail"
      took = f"{check.seconds:.1f}"
      if arguments.plain:
        print(f"{mark[2:].lower()}  {check.name}: {check.reason}", flush=True)
      table.add_row(Text(mark, style), check.name, Text(check.reason), took)
  if not arguments.plain:
    console.print(table)
  verdict = f"{failed} of its checks fail" if failed else "it keeps its contract"
  console.print(f"{name}: {verdict}", highlight=False)
  return 1 if failed else 0


def parser() -> Parser:
  """Return the flags that do not depend on the method."""
  made = Parser(prog="adapt check", description="Runs the contract of methods on one of them.")
  made.add_argument("method", metavar="FILE", help="a file NAME.py that defines NAME, or a name")
  made.add_argument(
    "--lr",
    type=flag_types.setting("lr", float),
    help="learning rate on the toy problem",
  )
  made.add_argument("--model", help="network on the toy problem")
  made.add_argument(
    "--output",
    choices=contract_ground.KINDS,
    default="classes",
    help="kind of output of the toy problem",
  )
  made.add_argument("--plain", action="store_true", help="lines of text in place of a table")
  return made


def _named(given: str) -> str:
  """Return a method's name, registering its file's folder as plug-ins."""
  file = Path(given)
  if file.suffix != ".py" and given in methods.names():
    return given
  if file.suffix != ".py":
    raise ValueError(
      catalogue.unknown("method", given, methods.names(), "give a file NAME.py, or ")
    )
  if not file.is_file():
    raise ValueError(f"no file '{given}': give the file of your method")
  catalogue.add_folder("adapt.methods", file.parent)
  return file.stem


def _parsed(name: str, argv: Sequence[str]) -> argparse.Namespace:
  """Parse the command line, with the method's flags if it imports."""
  made = parser()
  with contextlib.suppress(ValueError):  # what is wrong with it, its first check says
    flags._add_parameters(made, f"method {name}", catalogue.get("adapt.methods", name), "", {})
  return made.parse_args(argv)


def _bound(name: str, own: dict[str, object]) -> Bound:
  return methods.bind(name, **own)


def _on_cpu() -> None:
  """Make JAX use the CPU as eight devices.

  This has no effect once JAX has begun.
  """
  with contextlib.suppress(RuntimeError):
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", DEVICES)


def _table(name: str) -> Table:
  table = Table(title=f"contract of {name}", box=box.SIMPLE_HEAD)
  for heading in ("", "check"):
    table.add_column(heading, no_wrap=True)
  table.add_column("what was found", overflow="fold")
  table.add_column("s", justify="right")
  return table
