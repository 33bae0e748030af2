"""A user's own pair: from --source/--target or a folder of four files to a task, without code."""

import argparse
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from adapt import data
from adapt.suite import IMAGES, VECTORS, Settings, Task


class Pair(NamedTuple):
  """A task of one's own, its default settings, and its domains by name."""

  task: Task
  settings: Settings
  protocol: str
  domains: Callable[[str], data.Domain]


_PROTOCOL = (
  "labelled source training inputs, target training inputs without labels (but for those declared "
  "by --shots), accuracy on the target's test split; 80/20 split with a fixed seed where none is given"
)


def pair_of(argv: Sequence[str]) -> Pair:
  """The pair that a command line names.

  Raises:
    ValueError: nothing named, or data that cannot be read.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  parser.add_argument("--source", nargs="*", default=[])
  parser.add_argument("--target")
  parser.add_argument("--data")
  parser.add_argument("--data-dir")
  try:
    known, rest = parser.parse_known_args([a for a in argv if a not in ("-h", "--help")])
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  if not (known.source or known.target or known.data) and len(rest) < len(argv):
    return Pair(Task("", (), ""), IMAGES, _PROTOCOL, data.load)  # --help alone
  if known.data and (known.source or known.target):
    raise ValueError("--data names source and target already: leave out --source and --target")
  if known.data:
    name = Path(known.data).resolve().name
    source, target = data.read_folder(Path(known.data))
    sources = [source._replace(name=f"{name}_source")]
    target = target._replace(name=f"{name}_target")
  elif known.source and known.target:
    sources = [data.load(name, known.data_dir) for name in known.source]
    target = data.load(known.target, known.data_dir)
  else:
    raise ValueError("give --source and --target, or --data FOLDER with the four .npy files")
  return _pair(_told_apart([*sources, target], [*known.source, known.target]))


def _told_apart(domains: list[data.Domain], given: Sequence[str | None]) -> list[data.Domain]:
  """Two files of one name in different folders take their folder's name along."""
  names = [d.name for d in domains]
  if len(set(names)) < len(names) and all(given):
    names = ["_".join(Path(str(g)).with_suffix("").parts[-2:]) for g in given]
  if len(set(names)) < len(names):
    raise ValueError(f"'{names[-1]}' is both a source and the target: name two different sets")
  return [d._replace(name=re.sub(r"[^\w.=-]", "_", n)) for d, n in zip(domains, names, strict=True)]


def _pair(domains: list[data.Domain]) -> Pair:
  by_name = {d.name: d for d in domains}
  *sources, target = by_name
  image = domains[-1].train.x.ndim > 2
  settings = IMAGES if image else VECTORS
  if image and domains[-1].train.x.shape[-1] == 3:
    settings = settings._replace(model="dtn")
  task = Task(f"{'+'.join(sources)}_{target}", tuple(sources), target)
  return Pair(task, settings, _PROTOCOL, by_name.__getitem__)
