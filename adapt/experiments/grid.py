"""A grid of experiments: checked whole, then run program by program."""

import contextlib
import functools
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapt import validators
from adapt.data import atomic_files
from adapt.experiments import search, unfinished
from adapt.experiments.experiment import Experiment
from adapt.experiments.plan import Domains, Plan, file_of, plan
from adapt.experiments.reporter import Reporter
from adapt.experiments.run import run_together
from adapt.training import checkpoint, devices, hosts, joint_tasks, program_memory


class Options(NamedTuple):
  """How a grid is run; no number depends on it."""

  out: str | Path = "runs"  # folder of records
  force: bool = False  # run again what is there
  minutes: float = 5.0  # between checkpoints
  batch_tasks: bool = False  # tasks of equal shape in one program
  parallel: str = "auto"  # how such a program is spread, see `devices.layout`
  devices: int = 0


def run(
  groups: Sequence[Sequence[Experiment]], domains: Domains, options: Options, reporter: Reporter
) -> list[dict[str, Any]]:
  """Makes missing records, one program after the other; returns all records.

  Each program is planned again when its turn comes, as one before it may have made records of it: a
  method that starts from the source model keeps that one's. The data are prepared once.

  Args:
    groups: experiments by the program that trains them, see `grouped`.
    domains: loads a domain by name.
    options: where to, and how.
    reporter: told of each program.
  """
  records: list[dict[str, Any]] = []
  for group in groups:
    records += _program(group, domains, options, reporter)
    program_memory.relieve()
  hosts.led(lambda: _tidied([one for group in groups for one in group], options.out))
  return records


def checked(
  experiments: Sequence[Experiment], domains: Domains, options: Options
) -> Iterator[Plan]:
  """Yields the plans of experiments.

  To be exhausted before the first program is trained.

  Raises:
    ValueError: bad input.
  """
  for suite in {experiment.suite.name for experiment in experiments}:
    hosts.led(functools.partial(unfinished.recover, suite, options.out))
  for experiment in experiments:
    yield plan(experiment, options.out, options.force, domains)
  hosts.led(lambda: atomic_files.check_writable(options.out))


def grouped(
  experiments: Sequence[Experiment], domains: Domains, options: Options
) -> list[list[Experiment]]:
  """The experiments, checked, grouped by the program that trains them.

  Groups are in the order of the first experiment of each.

  Raises:
    ValueError: bad input, or tasks that cannot share a program as `options` ask.
  """
  together = options.batch_tasks
  if together and hosts.several():
    raise ValueError("--batch-tasks is for one process: leave it out")
  found: dict[Hashable, list[Plan]] = {}
  for i, one in enumerate(checked(experiments, domains, options)):
    alike = _shape(one) if together and one.missing else None
    found.setdefault(i if alike is None else alike, []).append(one)
  return [_spread(plans, options) for plans in found.values()]


def _shape(plan: Plan) -> Hashable:
  """What plans of one program have in common; None for one that must stay alone."""
  experiment = plan.experiment
  if experiment.search or experiment.validator in validators.RETRAINING:
    return None
  alike = joint_tasks.shape(plan.method, plan.part())
  return alike and (alike, experiment.start, experiment.validator, experiment.save_model)


def _spread(plans: Sequence[Plan], options: Options) -> list[Experiment]:
  """The experiments of one program, laid out for all of its cells."""
  if len(plans) == 1:
    return [plans[0].experiment]
  first = plans[0].experiment
  cells = len(first.seeds) * len(plans)
  batch = first.settings.batch_size
  layout = devices.layout(options.parallel, options.devices, batch, cells)
  if not joint_tasks.fit([one.part() for one in plans], layout):
    raise ValueError(
      f"the sets of {len(plans)} tasks do not fit on a device together: leave out --batch-tasks, or "
      "choose fewer by --task"
    )
  return [one.experiment._replace(layout=layout) for one in plans]


def steps(experiment: Experiment) -> int:
  """Steps of an experiment, over all programs of a search."""
  return experiment.settings.steps * search.rounds(experiment)


def _program(
  group: Sequence[Experiment], domains: Domains, options: Options, reporter: Reporter
) -> list[dict[str, Any]]:
  """The records of the experiments of one program."""
  first = group[0]
  label = first.points[0].label
  task = first.task.name if len(group) == 1 else f"{len(group)} tasks"
  name = label if len(first.suite.tasks) == 1 else f"{task} {label}"
  reporter.begin(name, group, steps(first))
  try:
    results = run_together(
      group,
      options.out,
      force=options.force,
      report=reporter.report,
      domains=domains,
      minutes=options.minutes,
    )
  except BaseException:
    reporter.fail()
    raise
  records = [made for result in results for made in result.records]
  reporter.end(records, any(result.fresh for result in results))
  return records


def _tidied(experiments: Sequence[Experiment], out: str | Path) -> None:
  """Deletes checkpoints beside finished records: what a process leaves that is killed between the two."""
  for experiment in experiments:
    for point in experiment.points:
      for folder in unfinished.leftovers(file_of(experiment, point, out)):
        if unfinished.seeds(folder) <= set(experiment.seeds):  # others' a run for more continues
          with contextlib.suppress(ValueError):  # another process trains there
            checkpoint.discard(folder)
