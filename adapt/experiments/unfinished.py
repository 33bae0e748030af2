"""What training has left unfinished: checkpoints beside the records to be."""

import glob
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapt.records import schema
from adapt.training import checkpoint

_AND = ".and-"  # other tasks
# What of a configuration the state of a run does not depend on, or is compared apart. How data were
# read is in the data's hashes.
INDIFFERENT = ("devices", "validator", "code", "reading")


def folder_of(file: Path, together: Sequence[Mapping[str, Any]] | None = None) -> Path:
  """Where the checkpoints of the record that is to become `file` lie.

  Args:
    file: the first of them where a program makes those of several tasks.
    together: what such a program was asked for; programs of other tasks have other folders.
  """
  if together is None:
    return file.with_name(f".{file.stem}.partial")
  decisive = [{k: v for k, v in c.items() if k not in INDIFFERENT} for c in together]
  name = hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:12]
  return file.with_name(f".{file.stem}{_AND}{name}.partial")


def leftovers(file: Path) -> list[Path]:
  """Folders of checkpoints that a process has left beside a finished record."""
  several = file.parent.glob(f".{glob.escape(file.stem)}{_AND}*.partial")
  return [folder_of(file), *sorted(several)]


def configs(folder: Path) -> Any:
  """The configurations that the checkpoints there were made for, a list; None if there are none.

  Raises:
    ValueError: they do not say.
  """
  found = checkpoint.asked(folder)
  if wrong := next(filter(None, map(schema.config, found or ())), None):
    raise checkpoint.unclear(folder, f"asked{wrong}")
  return found


def seeds(folder: Path) -> set[int]:
  """Of which seeds the checkpoints there are; none where nobody can go on from them."""
  try:
    return {seed for config in configs(folder) or () for seed in config["seeds"]}
  except ValueError:
    return set()
