"""Which pairs of domains a user's own files make."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from adapt import data
from adapt.data import encode, label_sets, tabular, unread
from adapt.data.reading import Reading
from adapt.experiments import choose_sources, own_data
from adapt.experiments.generalisation import FEWEST
from adapt.experiments.own_suite import OwnSuite, own_suite

NAME = "run"  # of the suite


class Request(NamedTuple):
  """Where the data of own tasks lie, and which pairs they make."""

  source: Sequence[str] = ()
  target: str | None = None
  data: str | None = None  # a folder of four files, or a table with a column of domains
  each: bool = False  # every ordered pair
  protocol: str | None = None
  data_dir: str | None = None
  model: str | None = None
  classes: str = ""
  reading: Reading = Reading()

  @property
  def unseen(self) -> bool:
    """Whether training never sees the target."""
    return bool(self.protocol)


def own_suites(asked: Request) -> list[OwnSuite]:
  """Loads the data asked for: one suite for each pair.

  Raises:
    ValueError: nothing named, or data that cannot be read.
  """
  if asked.data and not (asked.reading.domain_column or Path(asked.data).is_file()):
    if asked.unseen:
      raise ValueError(f"--protocol {asked.protocol} needs several sources, and --data names one")
    return [_suite(asked, _four_files(asked, asked.data))]
  choosing = tuple(asked.source[:1]) == (choose_sources.NAME,)
  if choosing and asked.unseen:
    raise ValueError("--source auto looks at the target, which is to stay unseen: name the sources")
  found = []
  for names in _named(asked._replace(source=asked.source[choosing:])):
    notes = []
    if choosing:
      names, line = _chosen(names, asked)
      notes = [line]
    domains = own_data.loaded(names, asked.data_dir, asked.reading, asked.unseen)
    one = _suite(asked, domains, names[-1].startswith("features:"))
    found.append(one._replace(notes=(*notes, *one.notes)))
  if len({one.task.name for one in found}) < len(found):
    raise ValueError("--each has two pairs of one name: rename a file")
  return found


def _suite(asked: Request, domains: Sequence[data.Domain], extracted: bool = False) -> OwnSuite:
  classes = label_sets.parsed(asked.classes)
  return own_suite(
    NAME, domains, asked.model, extracted=extracted, unseen=asked.unseen, classes=classes
  )


def _chosen(names: list[str], asked: Request) -> tuple[list[str], str]:
  """The names of the sources that are kept, then the target's, and a line on it."""
  if asked.each:
    raise ValueError("--each takes every source: leave it out, or the auto of --source")
  numbers, line = choose_sources.kept(own_data.loaded(names, asked.data_dir, asked.reading))
  return [*(names[i] for i in numbers), names[-1]], line


def _four_files(asked: Request, folder: str) -> list[data.Domain]:
  if asked.source or asked.target or asked.each:
    raise ValueError(
      "--data names source and target already: leave out --source, --target and --each, or name the "
      "column of domains by --domain-column"
    )
  name = Path(folder).resolve().name
  source, target = data.read_folder(Path(folder), asked.reading.output)
  both = source._replace(name=f"{name}_source"), target._replace(name=f"{name}_target")
  made = encode.together(both, asked.reading)
  unread.check([folder], True, False, made, asked.reading)
  return own_data.told_apart(own_data.matched(made), [])


def _named(asked: Request) -> list[list[str]]:
  """What each pair's domains are loaded by: the sources, then the target."""
  sources, target = list(asked.source), asked.target
  if asked.data:
    sources, target = _values(asked, asked.data)
  elif asked.reading.domain_column:
    raise ValueError("--domain-column is of one table: give that by --data FILE")
  if asked.unseen:
    return _left_out(sources, target, asked)
  if asked.each:
    if target or len(sources) < 2:
      raise ValueError("--each pairs the domains of --source: give two or more, and no --target")
    return [list(names) for names in itertools.permutations(sources, 2)]
  if not (sources and target):
    raise ValueError(
      "give --source and --target, or --data FOLDER with the four .npy files, or --source and --each"
    )
  return [[*sources, target]]


def _left_out(sources: Sequence[str], target: str | None, asked: Request) -> list[list[str]]:
  """The sources and the unseen target of each pair: the one named, or every domain in its turn."""
  if asked.each:
    raise ValueError(f"--protocol {asked.protocol} leaves each domain out itself: drop --each")
  if len(sources) + bool(target) < FEWEST:
    raise ValueError(
      f"--protocol {asked.protocol} trains on all domains but one: give {FEWEST} or more to --source, or "
      "two and a --target, which is left out alone"
    )
  if target:
    return [[*sources, target]]
  return [[*(s for s in sources if s != own), own] for own in sources]


def _values(asked: Request, table: str) -> tuple[list[str], str | None]:
  """The sources and the target as rows of a table, by the values of its domain column."""
  if not asked.reading.domain_column:
    raise ValueError(f"--data {table} is a file: name the column of domains by --domain-column")
  if not tabular.is_table(table):
    raise ValueError(f"--data {table} is no table: --domain-column is for CSV and its kin")
  values = tabular.domain_values(table, asked.reading)
  sources = list(asked.source) or (values if asked.each else [])
  if "rest" in sources and "rest" not in values:
    if len(sources) > 1 or not asked.target:
      raise ValueError("--source rest is all domains but --target: name that, and no other source")
    sources = [value for value in values if value != asked.target]
  if strange := [v for v in (*sources, asked.target) if v is not None and v not in values]:
    raise ValueError(
      f"{table} column '{asked.reading.domain_column}' has no '{strange[0]}': it has "
      f"{', '.join(values)[:200]}"
    )
  target = None if asked.target is None else f"{table}#{asked.target}"
  return [f"{table}#{value}" for value in sources], target
