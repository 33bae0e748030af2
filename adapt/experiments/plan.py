"""Plans of experiments: data, points, and those without a record."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapt import validators
from adapt.catalogue import Bound
from adapt.data import encode, unseen
from adapt.data.domain import Domain
from adapt.deploy.inputs import Inputs, inputs_of
from adapt.deploy.saved import lacking
from adapt.experiments import more_seeds, unfinished
from adapt.experiments.experiment import Experiment
from adapt.method import Method
from adapt.records import configuration, record
from adapt.training import feed, hosts, privacy, task_data
from adapt.training.joint_tasks import Part
from adapt.training.setup import Point
from adapt.training.task_data import TaskData

Domains = Callable[[str], Domain]


class Plan(NamedTuple):
  """An experiment with its data, points, and points without a record."""

  experiment: Experiment
  data: TaskData
  points: Sequence[Point]  # of the experiment, by the labels that their records have
  missing: Sequence[Point]
  inputs: Inputs | None = None  # what the models that are to be kept take
  existing_seeds: tuple[int, ...] = ()  # that the records of the missing points have already

  @property
  def method(self) -> Method:
    """The method without a network, to query what it reads."""
    return self.experiment.traits

  @property
  def remaining(self) -> Experiment:
    """The experiment for the seeds that are to be trained."""
    return more_seeds.without(self.experiment, self.existing_seeds)

  def part(self, start: Any = ()) -> Part:
    """What is to be trained, as training takes it."""
    return Part(self.remaining.setup, self.missing, self.data, start)

  def config(self, point: Point) -> dict[str, Any]:
    """The configuration of one missing point."""
    made = self.data.target.preprocessing
    reading = {"reading": dict(made.reading)} if made is not None and made.reading else {}
    return self.remaining.config(point, self.data.hashes) | reading

  def refuse_other(self, file: Path, made: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises ValueError where a file is of another configuration."""
    method = self.experiment.method
    defaults = Bound(method.name, method.factory).arguments
    sources, reads = self.experiment.sources, self.method.reads
    configuration.refuse_other(file, made, wanted, sources, defaults, reads)


def alone(experiment: Experiment, data: TaskData) -> Plan:
  """The plan that trains all points, whatever has a record."""
  return Plan(experiment, data, experiment.points, experiment.points)


def plan(experiment: Experiment, out: str | Path, force: bool, domains: Domains) -> Plan:
  """Plans an experiment; raises ValueError as `run` does.

  The processes of a run must agree on data, code and settings.

  Args:
    experiment: what to plan.
    out: folder of records.
    force: whether what is there is run again.
    domains: loads a domain by name.
  """
  whole = hosts.together(lambda: _checked(experiment, domains))
  if hosts.several():
    configs = {p.label: experiment.config(p, whole.data.hashes) for p in whole.points}
    hosts.alike("data", whole.data.hashes)
    hosts.alike("code", experiment.code)
    hosts.alike("settings", {f"{p}: {n}": v for p, c in configs.items() for n, v in c.items()})
  labels, places, existing = hosts.agreed(lambda: _compared(whole, out, force))
  points = [p._replace(label=label) for p, label in zip(whole.points, labels, strict=True)]
  missing = [points[i] for i in places]
  return whole._replace(points=points, missing=missing, existing_seeds=tuple(existing))


def _checked(experiment: Experiment, domains: Domains) -> Plan:
  """The plan with all points missing; refuses what data and choices rule out."""
  task, setup, method = experiment.task, experiment.setup, experiment.traits
  beside = unseen.beside if task.unseen else encode.beside
  *sources, target = beside([domains(name) for name in (*task.source, task.target)])
  data = task_data.prepare(setup, method, sources, target, task.classes, task.unseen)
  cells = len(experiment.points) * len(setup.seeds)
  feed.streams(setup, method, data.sources, data.target, cells)
  privacy.spent(setup, method, experiment.start, data)
  validators.check(experiment.validator, data.target.train.x, data.output)
  inputs = inputs_of(target, data, experiment.settings) if experiment.save_model else None
  return Plan(experiment, data, experiment.points, experiment.points, inputs)


def _compared(
  whole: Plan, out: str | Path, force: bool
) -> tuple[list[str], list[int], tuple[int, ...]]:
  """The points' labels, which of them lack a record or seeds, and which seeds all of those have.

  Raises:
    ValueError: a record, or checkpoints, of other settings.
  """
  experiment = whole.experiment
  missing: dict[int, tuple[int, ...]] = {}
  points = []
  for i, unnamed in enumerate(whole.points):
    point, made = _found(whole, unnamed, out, force)
    points.append(point)
    if made is None:
      missing[i] = ()
      continue
    file, existing = file_of(experiment, point, out), more_seeds.existing(experiment, made)
    _refuse_record(whole, point, file, made["config"], existing or experiment.seeds)
    if existing or (experiment.save_model and lacking(file, made)):
      missing[i] = existing
  if len(different := set(missing.values())) > 1:
    most = max(map(len, different))
    raise ValueError(
      f"some records of {experiment.method.name} on {experiment.task.name} have {most} seeds and "
      f"others fewer: run --seeds {most} first, or all again with --force"
    )
  existing = next(iter(different), ())
  if missing and not force and not experiment.search:  # whose rounds' points are compared there
    todo = [points[i] for i in missing]
    refuse_checkpoints(whole._replace(missing=todo, existing_seeds=existing), out)
  return [point.label for point in points], list(missing), existing


def _found(
  whole: Plan, point: Point, out: str | Path, force: bool
) -> tuple[Point, Mapping[str, Any] | None]:
  """The point by the label of its record, which may be its former one, and the record to compare."""
  file, former = (
    file_of(whole.experiment, p, out) for p in (point, point._replace(label=point.former))
  )
  if file.exists():
    return point, None if force else record.read(file)
  if point.former and former.exists():
    with contextlib.suppress(ValueError):  # of other settings
      made = record.read(former)
      _refuse_record(whole, point, former, made["config"], made["config"]["seeds"])
      return point._replace(label=point.former), None if force else made
  return point, None


def _refuse_record(
  whole: Plan, point: Point, file: Path, made: Mapping[str, Any], seeds: Sequence[int]
) -> None:
  """Raises ValueError where a record has another configuration than the point's with those seeds."""
  wanted = whole.experiment.config(_as_chosen(whole.experiment, point, made), whole.data.hashes)
  whole.refuse_other(file, made, {**wanted, "seeds": list(seeds)})


def _as_chosen(experiment: Experiment, point: Point, made: Mapping[str, Any]) -> Point:
  """The point as the record with that config has it: what a search chose was not asked for."""
  if not experiment.search:
    return point
  own, lr = made["hyperparameters"], made["settings"].get("lr", point.lr)
  chosen = {n: own[n] for n in experiment.search.ranges if n in own}
  return point._replace(hyperparameters={**point.hyperparameters, **chosen}, lr=lr)


def refuse_checkpoints(plan: Plan, out: str | Path) -> None:
  """Raises ValueError for checkpoints of other settings or seeds."""
  folder = unfinished.folder_of(file_of(plan.experiment, plan.missing[0], out))
  count = len(plan.existing_seeds)
  for made, point in zip(unfinished.configs(folder) or (), plan.missing, strict=False):
    wanted, seeds = plan.config(point), made["seeds"]
    if set(seeds) <= set(plan.existing_seeds):
      continue
    if seeds == list(range(count, count + len(seeds))):
      own = {**wanted, "seeds": seeds}
      plan.refuse_other(folder, made, own)
      if seeds != wanted["seeds"]:
        last = seeds[-1] + 1
        raise ValueError(
          f"{folder} is of other seeds ({seeds[0]} to {last - 1}): finish them by --seeds {last} "
          "and add to them then, or --force starts over"
        )
    plan.refuse_other(folder, made, wanted)


def file_of(experiment: Experiment, point: Point, out: str | Path) -> Path:
  """Where the record of a point is, or will be."""
  return record.path(out, experiment.suite.name, experiment.task.name, point.label)
