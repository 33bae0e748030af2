"""Flags for reading one's own files; one per field of `Reading`."""

import argparse
from collections.abc import Mapping
from typing import Any

from adapt import catalogue, outputs
from adapt.cli import flag_types
from adapt.data import Reading
from adapt.data.reading import flag_of


def add(group: Any) -> None:
  """Add the flags to a parser or group.

  Flags that are not given stay out of the namespace.
  """
  meanings = catalogue.meanings(Reading)
  for name, default in Reading()._asdict().items():
    options: dict[str, Any] = {
      "dest": f"reading.{name}",
      "default": argparse.SUPPRESS,
      "help": meanings[name].replace("%", "%%"),
    }
    flag = flag_of(name)
    if isinstance(default, bool):
      group.add_argument(flag, action="store_true", **options)
    elif isinstance(default, tuple):
      group.add_argument(flag, nargs="+", metavar=name.upper(), **options)
    else:
      group.add_argument(flag, type=flag_types.of(type(default)), metavar="…", **options)


def of(arguments: argparse.Namespace | Mapping[str, Any]) -> Reading:
  """Return the options that a command line gives.

  Of a user's own output it is the kind of its labels.
  """
  given = arguments if isinstance(arguments, Mapping) else vars(arguments)
  found: dict[str, Any] = {
    n: given[f"reading.{n}"] for n in Reading._fields if f"reading.{n}" in given
  }
  found |= {n: tuple(v) for n, v in found.items() if isinstance(v, list)}
  if "output" in found:
    found["output"] = outputs.kind(found["output"])
  return Reading(**found)
