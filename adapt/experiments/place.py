"""Where records and checkpoints go, and who holds them."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from adapt.experiments import unfinished
from adapt.experiments.plan import Plan
from adapt.records import record
from adapt.training import checkpoint, hosts
from adapt.training.checkpoint import Checkpoints, Elsewhere


class Place(NamedTuple):
  """Where records and checkpoints go."""

  out: str | Path
  minutes: float  # between checkpoints
  force: bool = False  # whether to start over

  @contextlib.contextmanager
  def checkpoints(self, plans: Sequence[Plan]) -> Iterator[Checkpoints | Elsewhere]:
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

  def hold(self, plan: Plan) -> Checkpoints:
    """Keeps other processes from what a plan trains, until it is released.

    Raises:
      ValueError: another process trains it.
    """
    return self._taken([plan])

  def _all_taken(self, plans: Sequence[Plan]) -> tuple[contextlib.ExitStack, Checkpoints]:
    each = [[one] for one in plans] if len(plans) > 1 else []
    with contextlib.ExitStack() as held:
      taken = [held.enter_context(self._taken(some)) for some in (*each, plans)]
      return held.pop_all(), taken[-1]

  def _taken(self, plans: Sequence[Plan]) -> Checkpoints:
    first = plans[0]
    wanted = [plan.config(point) for plan in plans for point in plan.missing]
    experiment, label = first.experiment, first.missing[0].label
    file = record.path(self.out, experiment.suite.name, experiment.task.name, label)
    folder = unfinished.folder_of(file, wanted if len(plans) > 1 else None)
    # What is left beside a finished record by a process that was killed between the two is of its seeds.
    existing = set(first.existing_seeds)
    if self.force or (existing and unfinished.seeds(folder) <= existing):
      checkpoint.discard(folder)
    return Checkpoints(folder, wanted, self.minutes)
