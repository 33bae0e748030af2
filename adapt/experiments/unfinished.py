"""What training has left unfinished: checkpoints beside the records to be."""

import contextlib
import glob
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from adapt.records import record, schema
from adapt.training import checkpoint, hosts
from adapt.training.checkpoint import Checkpoints, Elsewhere

if TYPE_CHECKING:
  from adapt.experiments.plan import Plan

_AND = ".and-"  # other tasks


class Place(NamedTuple):
  """Where records and checkpoints go."""

  out: str | Path
  minutes: float  # between checkpoints
  force: bool = False  # whether to start over

  @contextlib.contextmanager
  def checkpoints(self, plans: Sequence["Plan"]) -> Iterator[Checkpoints | Elsewhere]:
    """Those of the program that makes the missing records of these plans.

    Those of several tasks lie beside the first one's, in a folder of just these; what each would take
    alone is taken too, so that no other process trains it meanwhile.
    """
    taken = hosts.led(lambda: self._all_taken(plans))
    if taken is None:
      yield Elsewhere()
    else:
      held, saved = taken
      with held:
        yield saved

  def _all_taken(self, plans: Sequence["Plan"]) -> tuple[contextlib.ExitStack, Checkpoints]:
    each = [[one] for one in plans] if len(plans) > 1 else []
    with contextlib.ExitStack() as held:
      taken = [held.enter_context(self._taken(some)) for some in (*each, plans)]
      return held.pop_all(), taken[-1]

  def _taken(self, plans: Sequence["Plan"]) -> Checkpoints:
    first = plans[0]
    wanted = [plan.config(point) for plan in plans for point in plan.missing]
    experiment, label = first.experiment, first.missing[0].label
    file = record.path(self.out, experiment.suite.name, experiment.task.name, label)
    folder = folder_of(file, wanted if len(plans) > 1 else None)
    # What is left beside a finished record by a process that was killed between the two is of its seeds.
    existing = set(first.existing_seeds)
    if self.force or (existing and seeds(folder) <= existing):
      checkpoint.discard(folder)
    return Checkpoints(folder, wanted, self.minutes)


def folder_of(file: Path, together: Sequence[Mapping[str, Any]] | None = None) -> Path:
  """Where the checkpoints of the record that is to become `file` lie.

  Args:
    file: the first of them where a program makes those of several tasks.
    together: what such a program was asked for; programs of other tasks have other folders.
  """
  if together is None:
    return file.with_name(f".{file.stem}.partial")
  # Of these the state does not depend on.
  decisive = [
    {k: v for k, v in c.items() if k not in ("devices", "validator", "code")} for c in together
  ]
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
