"""Unfinished training: checkpoints beside future records, and records under way.

All files of a program are first made in the folder of its checkpoints, then take their places. A
process that is killed between two of them leaves the others to the next one, which trains nothing.
"""

import glob
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapt.data import atomic_files
from adapt.records import schema
from adapt.records.configuration import INDIFFERENT
from adapt.training import checkpoint, folder_lock

_AND = ".and-"  # other tasks


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
  """The configurations of a folder's checkpoints, a list; None without checkpoints.

  Raises:
    ValueError: they do not say.
  """
  found = checkpoint.asked(folder)
  if wrong := next(filter(None, map(schema.config, found or ())), None):
    raise checkpoint.unclear(folder, f"asked{wrong}")
  return found


def seeds(folder: Path) -> set[int]:
  """The seeds of a folder's checkpoints; none where nobody can continue."""
  try:
    return {seed for config in configs(folder) or () for seed in config["seeds"]}
  except ValueError:
    return set()


def deliver(folder: Path, out: str | Path, make: Callable[[Path], object]) -> None:
  """Writes records and what lies beside them, all or none.

  What is interrupted is finished by the next call.

  Args:
    folder: of the checkpoints that they come from, which is held.
    out: folder of records.
    make: writes them into the folder that it is given in place of `out`.
  """
  making = folder / "making"
  shutil.rmtree(making, ignore_errors=True)
  making.mkdir()
  make(making)
  making.replace(folder / checkpoint.MADE)
  atomic_files.sync_folder(folder)
  _place(folder, Path(out))


def recover(suite: str, out: str | Path) -> None:
  """Brings records to their place that a killed process left behind."""
  for made in sorted(Path(out).glob(f"{glob.escape(suite)}/*/.*.partial/{checkpoint.MADE}")):
    try:
      with folder_lock.alone(made.parent):
        _place(made.parent, Path(out))
        shutil.rmtree(made.parent, ignore_errors=True)
    except ValueError:  # the process that made them is bringing them there now
      continue


def _place(folder: Path, out: Path) -> None:
  """Moves what was made; an old record goes before anything beside it is replaced."""
  made = folder / checkpoint.MADE
  try:
    files = [p for p in made.glob("*/*/*") if p.is_file()]
    for file in sorted(files, key=lambda p: (p.suffix == ".json", p)):  # records come last
      place = out / file.relative_to(made)
      place.parent.mkdir(parents=True, exist_ok=True)
      if file.suffix != ".json":
        for record in made.glob(f"{glob.escape(str(place.parent.relative_to(out)))}/*.json"):
          (place.parent / record.name).unlink(missing_ok=True)
      file.replace(place)
      atomic_files.sync_folder(place.parent)
  except OSError as error:
    reason = error.strerror or type(error).__name__
    raise ValueError(f"cannot write in {out} ({reason}): make room there and run again") from error
