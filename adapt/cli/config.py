"""`--config` files and `adapt config`.

Command lines are read from FILE.toml or RECORD.json.
"""

import argparse
import json
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapt import catalogue, methods, outputs, tuning, weights
from adapt.cli import plugins
from adapt.data import Reading
from adapt.data.reading import flag_of
from adapt.records import record
from adapt.training import optimizers
from adapt.training.settings import Settings

FLAG = "--config"
# What says where data and entries are; a record has it in its command alone.
_PLACES = ("--source", "--target", "--data", "--data-dir", "--methods-path", "--plugins")


def expanded(argv: Sequence[str]) -> tuple[str | None, list[str]]:
  """Expand `--config` in a command line.

  Returns the suite that it is of, or None, and the command line without `--config`.

  What a file says comes first, so that flags beside `--config` overrule it.

  Raises:
    ValueError: the file cannot be read, or says nothing that can be run.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  parser.add_argument(FLAG)
  try:
    known, rest = parser.parse_known_args(list(argv))
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  if known.config is None:
    return None, list(argv)
  file = Path(known.config)
  suite, own = _of_record(file, rest) if file.suffix == ".json" else _of_toml(file)
  return suite, [*own, *rest]


def text(argv: Sequence[str]) -> str:
  """Format a command line as TOML.

  The file has a line a flag, in the order of the flags.
  """
  lines = ["# adapt run --config FILE"]
  for name, values in _given(argv):
    shown = [_scalar(value) for value in values]
    if not shown:
      lines.append(f"{name} = true")
    elif len(shown) == 1:
      lines.append(f"{name} = {shown[0]}")
    else:
      lines.append(f"{name} = [{', '.join(shown)}]")
  return "\n".join(lines) + "\n"


def _given(argv: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
  """Collect the flags of a command line with their values.

  A flag that is repeated has all of its values.
  """
  found: dict[str, list[str]] = {}
  name = ""
  for word in argv:
    if word.startswith("--") and len(word) > 2:
      name, equals, value = word[2:].partition("=")
      found.setdefault(name, [])
      if equals:
        found[name].append(value)
    elif not name:
      raise ValueError(f"'{word}' belongs to no flag: give what adapt run takes")
    else:
      found[name].append(word)
  yield from found.items()


def _scalar(value: str) -> str:
  """Format a value as TOML.

  Numbers are written as such, all else as text.
  """
  for kind in (int, float):
    try:
      number = kind(value)
    except ValueError:
      continue
    if repr(number) == value:
      return value
  return json.dumps(value, ensure_ascii=False)


def _of_toml(file: Path) -> tuple[str | None, list[str]]:
  if not file.exists():
    raise ValueError(f"no file '{file}': write it with adapt config")
  try:
    found = tomllib.loads(file.read_text("utf-8"))
  except (OSError, ValueError) as error:
    reason = " ".join(str(error).split())
    raise ValueError(f"{file} cannot be read ({reason}): write it with adapt config") from error
  suite = found.pop("suite", None)
  if not isinstance(suite, str | None):
    raise ValueError(f"{file}: suite is a {type(suite).__name__}: give its name")
  chosen = found.pop("method", []) if suite else []
  positional = chosen if isinstance(chosen, list) else [chosen]
  return suite, [*map(str, positional), *_flags(found, file)]


def _flags(found: Mapping[str, Any], file: Path) -> Iterator[str]:
  """Convert a file's entries to flags.

  Lists are several values. Tables repeat NAME=A,B.
  """
  for name, value in found.items():
    flag = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
      yield flag if value else f"--no-{flag[2:]}"
    elif isinstance(value, dict):
      for inner, several in value.items():
        each = several if isinstance(several, list) else [several]
        yield from (flag, f"{inner}={','.join(map(str, each))}")
    elif isinstance(value, list):
      repeated = flag in ("--sweep", "--plugins")
      yield from (
        [w for v in value for w in (flag, str(v))] if repeated else [flag, *map(str, value)]
      )
    elif isinstance(value, str | int | float):
      yield from (flag, str(value))
    else:
      raise ValueError(f"{file}: {name} is a {type(value).__name__}: give a text, number or list")


def _of_record(file: Path, rest: Sequence[str]) -> tuple[str | None, list[str]]:
  """Build the command that reproduces a single record.

  `rest` may say where plug-ins are.
  """
  if not file.exists():
    raise ValueError(f"no file '{file}': give a record, or a file that adapt config has written")
  made = record.read(file)
  config, suite = made["config"], made["suite"]
  if suite == "fit":
    raise ValueError(f"{file} was made from arrays in Python: call adapt.fit again")
  if made["method"] == "shallow":
    raise ValueError(f"{file} is of a closed form: run its suite, adapt bench {suite}")
  if config["seeds"] != list(range(len(config["seeds"]))):
    raise ValueError(f"{file} has the seeds {config['seeds']}, which no command gives")
  places = list(_places(made.get("command", "")))
  plugins.use([*places, *rest])
  if suite == "run":
    if not {"--target", "--data"} & {*places, *rest}:
      raise ValueError(f"{file} does not say where its data are: give --source and --target")
    own = [*places, "--method", made["method"]]
  else:
    other = [w for w in places if w]
    own = [made["method"], "--task", made["task"], *other]
  return (None if suite == "run" else suite), [*own, *_choices(made["method"], config)]


def _places(command: str) -> Iterator[str]:
  """Return the flags that locate data and entries.

  They are flags of a command, with their values.
  """
  taking = False
  for word in shlex.split(command):
    if word.startswith("--"):
      taking = word.partition("=")[0] in _PLACES
    if taking:
      yield word


def _choices(method: str, config: Mapping[str, Any]) -> Iterator[str]:
  """Convert a record's configuration to flags."""
  search = config.get("search") or {}
  moved = search.get("ranges", {})
  for name, value in {**config["settings"], "lr": config["settings"]["lr"]}.items():
    if name in Settings._fields and name not in moved:
      yield from _flag(name, value)
  takes = {p.name for p in catalogue.parameters(methods.get(method))}
  for name, value in config["hyperparameters"].items():
    if name in takes and name not in moved and value is not None:
      yield from _flag(name, value)
  if config.get("recipe"):
    yield from ("--recipe", config["recipe"])
  yield from ("--seeds", str(len(config["seeds"])), "--start", config["start"])
  for kind, package in (("weights", weights), ("tuning", tuning), ("optimizer", optimizers)):
    if entry := config.get(kind):
      yield from (f"--{kind}", entry["name"])
      for p in catalogue.parameters(package.get(entry["name"])):
        if entry.get(p.name) is not None:
          yield from _flag(f"{kind}-{p.name}", entry[p.name])
  output = config.get("output") or {}
  for name, value in output.items():
    if name != "name":
      yield from _flag(f"output-{name}", value)
  yield from ("--validator", config["validator"])
  if rule := config.get("decision"):
    yield from ("--decision", rule)
  if config.get("parallel") == "pmap":
    yield from ("--parallel", "pmap", "--devices", str(config["devices"]))
  if sets := config.get("classes"):
    yield from ("--classes", "/".join(str(n) for n in sets.values()))
  if dp := config.get("dp"):
    yield from ("--dp", ",".join(f"{n}={v}" for n, v in dp.items()))
  yield from _reading(config.get("reading", {}))
  if output and (own := output["name"]) != outputs.kind(own):  # files are read for its kind
    yield from ("--output", own)
  yield from _search(search)


def _reading(given: Mapping[str, Any]) -> Iterator[str]:
  """How files were read; what a later version no longer knows is left out."""
  for name, value in given.items():
    if name not in Reading._fields or value in ([], False):
      continue
    yield flag_of(name)
    if isinstance(value, list):
      yield from map(str, value)
    elif value is not True:
      yield str(value)


def _search(search: Mapping[str, Any]) -> Iterator[str]:
  if not search:
    return
  yield from ("--sampler", search["sampler"])
  if search["sampler"] != "grid":
    yield from ("--search", str(search["number"]))
    return
  for name, values in search["ranges"].items():
    yield from ("--sweep", f"{name}={','.join(map(repr, values))}")


def _flag(name: str, value: Any) -> Iterator[str]:
  flag = f"--{name.replace('_', '-')}"
  if isinstance(value, bool):
    yield flag if value else f"--no-{flag[2:]}"
  else:
    yield f"{flag}={value!r}" if isinstance(value, float) else f"{flag}={value}"


def main(argv: Sequence[str]) -> int:
  """Run `adapt config FLAGS`.

  It prints the file of `adapt run FLAGS`. Returns the exit code.
  """
  if not argv or argv[0] in ("-h", "--help"):
    print(
      "usage: adapt config FLAGS > FILE.toml\n\nPrints the flags of adapt run as a file for "
      "adapt run --config FILE.toml."
    )
    return 0
  print(text(argv), end="")
  return 0
