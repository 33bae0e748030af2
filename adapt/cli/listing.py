"""List methods, models, weights, tunings and validators, or show one.

Commands: `adapt methods`, `models`, `weights`, `tunings` and `validators`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapt import catalogue
from adapt.cli import kinds, plugins, text
from adapt.cli.command import Parser
from adapt.cli.kinds import KINDS, Doc, Kind

_ROOMY = 150  # columns from which on a summary and a paper are shown whole


def main(command: str, argv: Sequence[str]) -> int:
  """Runs `adapt COMMAND [NAME]`; returns the exit code.

  Raises:
    ValueError: an unknown name.
  """
  kind = KINDS[command]
  arguments = parser(kind).parse_args(argv)
  for folder in arguments.plugins:
    catalogue.plugins(folder)
  name = kinds.known(kind, arguments.name) if arguments.name else None
  if getattr(arguments, "table", False):
    return table(name)
  if name:
    from adapt.cli import describe

    print(describe.as_json(kind, name) if arguments.json else describe.page(kind, name))
    return 0
  docs = [kinds.doc(kind, name) for name in kind.names()]
  print(_json(docs) if arguments.json else listed(kind, docs))
  return 0


def parser(kind: Kind) -> Parser:
  """The flags of the command that lists a kind."""
  made = Parser(
    prog=f"adapt {kind.command}",
    description=f"Lists every {kind.entry} that {kind.flag} takes, or shows one in full.",
  )
  made.add_argument("name", nargs="?", metavar="NAME", help=f"show this {kind.entry} in full")
  made.add_argument("--json", action="store_true", help="for programs: everything, as JSON")
  plugins.add(made)
  if kind.command == "methods":
    made.add_argument(
      "--table", action="store_true", help="setting, paper, extra state and measured cost"
    )
  return made


def listed(kind: Kind, docs: Sequence[Doc]) -> str:
  """Format the list of a kind, grouped by family.

  Each entry has a line, under the heading of its family.
  """
  roomy = text.width() >= _ROOMY
  rows = [
    (d.name, d.summary, d.paper) if roomy else (d.name, d.title, kinds.short(d.paper)) for d in docs
  ]
  lines = dict(zip((d.name for d in docs), text.columns(rows, flexible=1), strict=True))
  parts: list[str] = []
  for family in kind.families or (docs[0].family,):
    mine = [lines[d.name] for d in docs if d.family == family or not kind.families]
    if mine and kind.families:
      parts += [*([""] if parts else []), text.heading(family)]
    parts += mine
  more = f"\nadapt {kind.command} NAME shows one in full; --json is for programs."
  return "\n".join([*parts, more])


def _json(docs: Sequence[Doc]) -> str:
  return json.dumps([as_dict(d) for d in docs], indent=1, ensure_ascii=False)


def as_dict(doc: Doc) -> dict[str, Any]:
  """Convert an entry to JSON-compatible values, without its notes."""
  return {name: value for name, value in doc._asdict().items() if name != "notes"}


def table(name: str | None = None) -> int:
  """Print a table of methods by family.

  It shows every method, or one: setting, paper, extra state, cost. Returns the exit code.
  """
  from rich.table import Table
  from rich.text import Text

  from adapt import methods
  from adapt.cli import overview

  cost = overview.costs(Path("results"))  # of a checkout; nowhere else has anything been measured
  found = Table()
  found.add_column("method", no_wrap=True)
  for column in ("setting", "paper", "extra state", "cost"):
    found.add_column(column, overflow="fold", justify="right" if column == "cost" else "left")
  rows = [overview.of(n) for n in ([name] if name else methods.names())]
  for family in [*overview.FAMILIES, overview.OWN]:
    mine = [row for row in rows if row.family == family]
    if mine:
      found.add_section()
      found.add_row(Text(f"{family} ({len(mine)})", style="bold"))
    for row in mine:
      found.add_row(row.name, row.setting, row.paper, row.extra, cost.get(row.name, "–"))
  text.console().print(found)
  return 0
