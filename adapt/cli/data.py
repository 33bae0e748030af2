"""`adapt data`: lists, prepares, shows, verifies and audits data sets."""

import argparse
import contextlib
import importlib.util
import json
import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapt import catalogue, data, extras
from adapt.cli import audit, plugins, reading_flags, text
from adapt.cli.command import Parser
from adapt.data import builders, prepared
from adapt.data.builders import Description
from adapt.data.named.natural import TFDS_SETS

_WHERE = "NAME, tfds:NAME, a folder of images, or an .npz, .npy, .csv or .parquet file"
_MOST_CLASSES = 40  # shown on the terminal


def main(argv: Sequence[str]) -> int:
  """Runs `adapt data …`.

  Returns:
    0; 1 where `audit` finds a leak or `verify` damage.

  Raises:
    ValueError: bad input; one line with the remedy.
  """
  arguments = parser().parse_args(argv or ["list"])
  for folder in arguments.plugins:
    catalogue.plugins(folder)
  if arguments.what == "list":
    return _list(arguments.name, arguments.data_dir, arguments.json)
  if arguments.what == "prepare":
    prepare(arguments.names, arguments.source, arguments.data_dir)
    return 0
  if arguments.what == "show":
    return _show(arguments)
  if arguments.what == "verify":
    return _verify(arguments.data_dir)
  return audit.main(arguments)


def parser() -> argparse.ArgumentParser:
  """The flags of `adapt data`."""
  made = Parser(prog="adapt data", description="Data sets: what there is, and what is in it.")
  commands = made.add_subparsers(
    dest="what", metavar="list | prepare | show | verify | audit", required=True
  )
  command = commands.add_parser("list", help="the sets, and how one gets them")
  command.add_argument("name", nargs="?", help="one set in full")
  command.add_argument("--json", action="store_true", help="for programs: everything, as JSON")
  _data_dir(command)
  command = commands.add_parser("prepare", help="prepare sets from their public source or a copy")
  add_prepare(command)
  command = commands.add_parser("show", help="draw some images of each class")
  command.add_argument("name", metavar="NAME", help=_WHERE)
  command.add_argument("--domain", metavar="D", help="of a set with several: NAME_D is shown")
  command.add_argument("--out", metavar="FILE.png", help="default: NAME.png")
  _data_dir(command)
  command = commands.add_parser(
    "verify", help="read all of the features and decoded sets that are kept; exit 1 on damage"
  )
  _data_dir(command)
  command = commands.add_parser(
    "audit",
    help="look for leaks, broken examples and what else to know of a pair; exit 1 on a leak",
  )
  command.add_argument("source", nargs="+", metavar="SOURCE", help=_WHERE)
  command.add_argument("target", metavar="TARGET", help=f"{_WHERE}; labels may be missing")
  command.add_argument("--json", metavar="FILE", help="write the findings there")
  command.add_argument("--plot", metavar="FILE.png", help="draw the class balance there")
  reading_flags.add(command.add_argument_group("your own data"))
  _data_dir(command)
  return made


def _data_dir(command: argparse.ArgumentParser) -> None:
  command.add_argument(
    "--data-dir", metavar="DIR", help="default: $TFDS_DATA_DIR or ~/tensorflow_datasets"
  )
  plugins.add(command)


def add_prepare(command: argparse.ArgumentParser, names: str = "+") -> None:
  """Add the arguments of `prepare`; `names` says how many are taken."""
  known = ", ".join(builders.names()) + ("; all if none is given" if names == "*" else "")
  command.add_argument("names", nargs=names, metavar="NAME", help=known)
  command.add_argument("--from", dest="source", metavar="FOLDER", help="a local copy of the data")
  _data_dir(command)


def prepare(names: Sequence[str], source: str | None, data_dir: str | None) -> None:
  """Prepares data sets and prints what they hold.

  They come from a copy in `source`, or are downloaded.

  ValueError as `builders.prepare`, and for an unknown name before anything is prepared.
  """
  if unknown := [name for name in names if name not in builders.names()]:
    raise ValueError(catalogue.unknown("data set", unknown[0], builders.names()))
  if not sys.stderr.isatty():
    builders.import_tfds().disable_progress_bar()
  # One line at the end says what failed; a warning at each of its retries says no more.
  logging.getLogger("urllib3").setLevel(logging.ERROR)
  for name in names:
    start = time.perf_counter()
    for part, counts in builders.prepare(name, source, data_dir).items():
      sizes = ", ".join(f"{split} {count}" for split, count in counts.items())
      print(f"{part}: {sizes} ({time.perf_counter() - start:.0f} s)", flush=True)


def _list(name: str | None, data_dir: str | None, json_too: bool) -> int:
  from rich.box import SIMPLE_HEAD
  from rich.table import Table

  root = Path(data_dir) if data_dir else builders.default_data_dir()
  console = text.console()
  others = {found.name: found for found in TFDS_SETS}
  if importlib.util.find_spec("tensorflow_datasets") is None:
    print(f"note: sets are known by name alone: {extras.install('tfds')}", file=sys.stderr)
  if json_too:
    every = [name] if name else [*builders.names(), *others]
    made = [_dict(others.get(one) or builders.describe(one), root) for one in every]
    print(json.dumps(made[0] if name else made, indent=1, ensure_ascii=False))
    return 0
  if name:
    _describe(others.get(name) or builders.describe(name), root)
    return 0
  table = Table(
    *("set", "domains", "classes", "examples", "licence", "get it"),
    box=SIMPLE_HEAD,
    pad_edge=False,
    collapse_padding=True,
  )
  for column in table.columns:
    column.no_wrap = True
  for found in (*map(builders.describe, builders.names()), *TFDS_SETS):
    total = sum(sum(splits.values()) for splits in found.sizes.values())
    table.add_row(
      found.name,
      str(max(len(found.configs), 1)),
      str(len(found.classes) or "?"),
      f"{total:,}" if total else "?",
      _short(found.license),
      _prepared(found, root) or _how(found),
    )
  console.print(table)
  console.print(
    "adapt data list SET says in full what a set is and how to get it by hand.\n"
    f"Names for --source and --target: {', '.join(data.names())}.",
    highlight=False,
  )
  return 0


def _dict(found: Description, root: Path) -> dict[str, Any]:
  """Convert a data set to JSON-compatible values."""
  return {**found._asdict(), "prepared": _prepared(found, root) or "no", "get_it": _how(found)}


def _how(found: Description) -> str:
  if found in TFDS_SETS:
    return "by TFDS"
  return "auto" if found.automatic else "by hand"


def _describe(found: Description, root: Path) -> None:
  shown = ", ".join(found.classes[:_MOST_CLASSES])
  more = ", …" if len(found.classes) > _MOST_CLASSES else ""
  print(f"{found.name}: {len(found.classes)} classes ({shown}{more})")
  for config, splits in found.sizes.items():
    sizes = ", ".join(f"{split} {size}" for split, size in splits.items())
    print(f"  {config or found.name}: {sizes}")
  print(f"licence: {found.license}\nhomepage: {found.homepage}")
  print(f"in {root}: {_prepared(found, root) or 'not prepared'}")
  how = found.manual or "automatic"
  if found in TFDS_SETS:
    print(f"to get it: {how}")
    return
  print(f"to get it: {how}\n  adapt data prepare {found.name}", end="")
  print("" if found.automatic else " --from FOLDER")


def _short(text: str, most: int = 12) -> str:
  """Shorten a licence name."""
  if text.lower().startswith("no licence"):
    return "none stated"
  if text.lower().startswith("see "):
    return "see homepage"
  return text if len(text) <= most else text[: most - 2].rstrip(" ,;.") + " …"


def _prepared(found: Description, root: Path) -> str:
  """Return "ready", "", or how many domains are prepared."""
  # TFDS has a set of its own named mnist; ours lies beside it.
  folder = root / ("mnist_digits" if found.name == "mnist" else found.name)
  places = [folder / config for config in found.configs] or [folder]
  there = sum(any(place.glob("*/dataset_info.json")) for place in places)
  if there == len(places):
    return "ready"
  return f"{there} of {len(places)}" if there else ""


def _show(arguments: argparse.Namespace) -> int:
  from adapt.report import data_figures

  name = f"{arguments.name}_{arguments.domain}" if arguments.domain else arguments.name
  domain = data.load(name, arguments.data_dir)
  out = arguments.out or f"{domain.name.replace('/', '_').replace(':', '_')}.png"
  with audit.writing(out):
    print(data_figures.sheet(domain, out))
  return 0


def _verify(data_dir: str | None) -> int:
  """Check every block of every kept array; delete what is damaged."""
  root = Path(data_dir) if data_dir else builders.default_data_dir()
  found = dict(prepared.verified(root))
  for file, wrong in (damaged := {f: w for f, w in found.items() if w}).items():
    with contextlib.suppress(OSError):
      file.unlink()
    print(f"{file} is damaged ({wrong}): the next run makes it anew", file=sys.stderr)
  print(f"{len(found)} kept arrays in {root}, {len(damaged)} damaged")
  return 1 if damaged else 0
