"""Build the domain pairs from --source and --target, --data, or --each."""

import argparse
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

from adapt import data
from adapt.cli import flags, reading_flags
from adapt.data import encode, tabular, unread
from adapt.data.domain import output_of
from adapt.experiments import choose_sources, own_data
from adapt.experiments.generalisation import FEWEST
from adapt.experiments.own_data import Pair
from adapt.experiments.suite import IMAGES, Task
from adapt.training import hosts


def pair_of(argv: Sequence[str]) -> Pair:
  """Return the domain pair of a command line of one."""
  [pair] = pairs_of(argv)
  return pair


def pairs_of(argv: Sequence[str]) -> list[Pair]:
  """Return the domain pairs of a command line, several with --each.

  Raises:
    ValueError: nothing named, or data that cannot be read.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  parser.add_argument("--source", nargs="*", default=[])
  parser.add_argument("--target")
  parser.add_argument("--data")
  parser.add_argument("--each", action="store_true")
  parser.add_argument("--data-dir")
  parser.add_argument("--model")
  flags.add_protocol(parser)
  reading_flags.add(parser)
  try:
    known, _ = parser.parse_known_args([a for a in argv if a not in ("-h", "--help")])
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  if not (known.source or known.target or known.data) and {"-h", "--help"} & set(argv):
    return [Pair(Task("", (), ""), IMAGES, own_data.PROTOCOL, data.load)]
  reading = reading_flags.of(known)
  if known.data and not (reading.domain_column or Path(known.data).is_file()):
    if known.protocol:
      raise ValueError(f"--protocol {known.protocol} needs several sources, and --data names one")
    return [_four_files(known, reading)]
  choosing = known.source[:1] == [choose_sources.NAME]
  if choosing and known.protocol:
    raise ValueError("--source auto looks at the target, which is to stay unseen: name the sources")
  known.source = known.source[choosing:]
  pairs = []
  for names in _named(known, reading):
    if choosing:
      names = _chosen(names, known, reading)
    domains = own_data.loaded(names, known.data_dir, reading, bool(known.protocol))
    extracted = names[-1].startswith("features:")
    usual = own_data.settings_of(domains[-1], known.model, extracted, output_of(domains[0]))
    pairs.append(own_data.pair(domains, own_data.sized(usual, domains), bool(known.protocol)))
  if len({(pair.task.name) for pair in pairs}) < len(pairs):
    raise ValueError("--each has two pairs of one name: rename a file")
  return pairs


def _chosen(names: list[str], known: argparse.Namespace, reading: data.Reading) -> list[str]:
  """The names of the sources that are kept, then the target's, and a line on it."""
  if known.each:
    raise ValueError("--each takes every source: leave it out, or the auto of --source")
  numbers, line = choose_sources.kept(own_data.loaded(names, known.data_dir, reading))
  if hosts.leads():
    print(f"note: {line}", file=sys.stderr)
  return [*(names[i] for i in numbers), names[-1]]


def _four_files(known: argparse.Namespace, reading: data.Reading) -> Pair:
  if known.source or known.target or known.each:
    raise ValueError(
      "--data names source and target already: leave out --source, --target and --each, or name the "
      "column of domains by --domain-column"
    )
  name = Path(known.data).resolve().name
  source, target = data.read_folder(Path(known.data), reading.output)
  both = source._replace(name=f"{name}_source"), target._replace(name=f"{name}_target")
  made = encode.together(both, reading)
  unread.check([known.data], True, False, made, reading)
  domains = own_data.told_apart(own_data.matched(made), [])
  usual = own_data.settings_of(domains[-1], known.model, False, output_of(domains[0]))
  return own_data.pair(domains, own_data.sized(usual, domains))


def _named(known: argparse.Namespace, reading: data.Reading) -> list[list[str]]:
  """What each pair's domains are loaded by: the sources, then the target."""
  sources, target = known.source, known.target
  if known.data:
    sources, target = _values(known, reading)
  elif reading.domain_column:
    raise ValueError("--domain-column is of one table: give that by --data FILE")
  if known.protocol:
    return _left_out(sources, target, known)
  if known.each:
    if target or len(sources) < 2:
      raise ValueError("--each pairs the domains of --source: give two or more, and no --target")
    return [list(names) for names in itertools.permutations(sources, 2)]
  if not (sources and target):
    raise ValueError(
      "give --source and --target, or --data FOLDER with the four .npy files, or --source and --each"
    )
  return [[*sources, target]]


def _left_out(
  sources: Sequence[str], target: str | None, known: argparse.Namespace
) -> list[list[str]]:
  """The sources and the unseen target of each pair: the one named, or every domain in its turn."""
  if known.each:
    raise ValueError(f"--protocol {known.protocol} leaves each domain out itself: drop --each")
  if len(sources) + bool(target) < FEWEST:
    raise ValueError(
      f"--protocol {known.protocol} trains on all domains but one: give {FEWEST} or more to --source, or "
      "two and a --target, which is left out alone"
    )
  if target:
    return [[*sources, target]]
  return [[*(s for s in sources if s != own), own] for own in sources]


def unseen(argv: Sequence[str]) -> bool:
  """Whether a command line asks for targets that training never sees."""
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  flags.add_protocol(parser)
  try:
    known, _ = parser.parse_known_args([a for a in argv if a not in ("-h", "--help")])
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  return bool(known.protocol)


def _values(known: argparse.Namespace, reading: data.Reading) -> tuple[list[str], str | None]:
  """The sources and the target as rows of a table, by the values of its domain column."""
  if not reading.domain_column:
    raise ValueError(
      f"--data {known.data} is a file: name the column of domains by --domain-column"
    )
  if not tabular.is_table(known.data):
    raise ValueError(f"--data {known.data} is no table: --domain-column is for CSV and its kin")
  values = tabular.domain_values(known.data, reading)
  sources = known.source or (values if known.each else [])
  if "rest" in sources and "rest" not in values:
    if len(sources) > 1 or not known.target:
      raise ValueError("--source rest is all domains but --target: name that, and no other source")
    sources = [value for value in values if value != known.target]
  if strange := [v for v in (*sources, known.target) if v is not None and v not in values]:
    raise ValueError(
      f"{known.data} column '{reading.domain_column}' has no '{strange[0]}': it has "
      f"{', '.join(values)[:200]}"
    )
  target = None if known.target is None else f"{known.data}#{known.target}"
  return [f"{known.data}#{value}" for value in sources], target
