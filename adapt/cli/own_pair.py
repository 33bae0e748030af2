"""Build the domain pair from --source and --target, or --data."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from adapt import data
from adapt.cli import reading_flags
from adapt.data import encode
from adapt.experiments import own_data
from adapt.experiments.own_data import Pair
from adapt.experiments.suite import IMAGES, Task


def pair_of(argv: Sequence[str]) -> Pair:
  """Return the domain pair of a command line.

  Raises:
    ValueError: nothing named, or data that cannot be read.
  """
  parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
  parser.add_argument("--source", nargs="*", default=[])
  parser.add_argument("--target")
  parser.add_argument("--data")
  parser.add_argument("--data-dir")
  parser.add_argument("--model")
  reading_flags.add(parser)
  try:
    known, _ = parser.parse_known_args([a for a in argv if a not in ("-h", "--help")])
  except argparse.ArgumentError as error:
    raise ValueError(str(error)) from error
  if not (known.source or known.target or known.data) and {"-h", "--help"} & set(argv):
    return Pair(Task("", (), ""), IMAGES, own_data.PROTOCOL, data.load)
  if known.data and (known.source or known.target):
    raise ValueError("--data names source and target already: leave out --source and --target")
  if known.data:
    name = Path(known.data).resolve().name
    source, target = data.read_folder(Path(known.data))
    both = source._replace(name=f"{name}_source"), target._replace(name=f"{name}_target")
    domains = own_data.told_apart(encode.together(both, reading_flags.of(known)), [])
  elif known.source and known.target:
    domains = own_data.loaded(
      [*known.source, known.target], known.data_dir, reading_flags.of(known)
    )
  else:
    raise ValueError("give --source and --target, or --data FOLDER with the four .npy files")
  extracted = str(known.target).startswith("features:")
  settings = own_data.settings_of(domains[-1], known.model, extracted)
  return own_data.pair(domains, settings)
