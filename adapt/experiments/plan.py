"""What an experiment comes to before training: its data, its points, and those without a record."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapt import validators
from adapt.catalogue import Bound
from adapt.data import labelled_rows
from adapt.data.domain import Domain
from adapt.deploy.inputs import Inputs, inputs_of
from adapt.deploy.saved import lacking
from adapt.experiments import more_seeds, reverse, unfinished
from adapt.experiments.experiment import Experiment
from adapt.method import Method
from adapt.records import identity, record
from adapt.training import dp_sgd, feed, hosts, task_data
from adapt.training.joint_tasks import Part
from adapt.training.settings import Settings
from adapt.training.setup import Point
from adapt.training.task_data import TaskData

Domains = Callable[[str], Domain]


class Plan(NamedTuple):
  """An experiment with its data, its points, and those of them that lack a record or seeds."""

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


def alone(experiment: Experiment, data: TaskData) -> Plan:
  """The plan that trains all points of an experiment on data that are there, whatever has a record."""
  return Plan(experiment, data, experiment.points, experiment.points)


def plan(experiment: Experiment, out: str | Path, force: bool, domains: Domains) -> Plan:
  """Everything that can be said of an experiment before training; raises ValueError as `run` does.

  Args:
    experiment: what to plan.
    out: folder of records.
    force: whether what is there is run again.
    domains: loads a domain by name.
  """
  whole = hosts.together(lambda: _checked(experiment, domains))
  if hosts.several():
    _refuse_unlike(whole)
  labels, places, existing = hosts.agreed(lambda: _compared(whole, out, force))
  points = _labelled(whole.points, labels)
  inputs = None
  if experiment.save_model:
    inputs = inputs_of(domains(experiment.task.target), whole.data, experiment.settings)
  missing = [points[i] for i in places]
  return whole._replace(
    points=points, missing=missing, inputs=inputs, existing_seeds=tuple(existing)
  )


def _checked(experiment: Experiment, domains: Domains) -> Plan:
  """The plan with all points missing; refuses what data and choices rule out."""
  task, setup, method = experiment.task, experiment.setup, experiment.traits
  reverse.check(experiment)
  sources, target = [domains(name) for name in task.source], domains(task.target)
  data = task_data.prepare(setup, method, sources, target, task.classes)
  cells = len(experiment.points) * len(setup.seeds)
  feed.streams(setup, method, data.sources, data.target, cells)
  privacy(experiment, data)
  validators.check(experiment.validator, data.target.train.x, data.output)
  return alone(experiment, data)


def _labelled(points: Sequence[Point], labels: Sequence[str]) -> list[Point]:
  return [point._replace(label=label) for point, label in zip(points, labels, strict=True)]


def _refuse_unlike(whole: Plan) -> None:
  """Raises ValueError on all processes of a run where one has other data, code or settings."""
  experiment, hashes = whole.experiment, whole.data.hashes
  hosts.alike("data", hashes)
  hosts.alike("code", experiment.code)
  wanted = {p.label: experiment.config(p, hashes) for p in whole.points}
  hosts.alike("settings", {f"{p}: {n}": v for p, c in wanted.items() for n, v in c.items()})


def _compared(
  whole: Plan, out: str | Path, force: bool
) -> tuple[list[str], list[int], tuple[int, ...]]:
  """The points' labels, which of them lack a record or seeds, and which seeds all of those have.

  Raises:
    ValueError: a record, or checkpoints, of other settings.
  """
  experiment = whole.experiment
  labels = [_label(whole, point, out) for point in whole.points]
  points = _labelled(whole.points, labels)
  missing: dict[int, tuple[int, ...]] = {}
  for i, point in enumerate(points):
    file = file_of(experiment, point, out)
    if force or not file.exists():
      missing[i] = ()
      continue
    made = record.read(file)
    existing = more_seeds.existing(experiment, made)
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
  return labels, list(missing), existing


def _label(whole: Plan, point: Point, out: str | Path) -> str:
  """The point's label; where a record lies under the label that it had formerly, that one."""
  current, former = (
    file_of(whole.experiment, p, out) for p in (point, point._replace(label=point.former))
  )
  if current == former or current.exists() or not former.exists():
    return point.label
  try:
    made = record.read(former)["config"]
    _refuse_record(whole, point, former, made, made["seeds"])
  except ValueError:  # of other settings
    return point.label
  return point.former


def _refuse_record(
  whole: Plan, point: Point, file: Path, made: Mapping[str, Any], seeds: Sequence[int]
) -> None:
  """Raises ValueError where a record has another configuration than the point's with those seeds."""
  wanted = whole.experiment.config(_as_chosen(whole.experiment, point, made), whole.data.hashes)
  refuse_other(file, made, {**wanted, "seeds": list(seeds)}, whole)


def _as_chosen(experiment: Experiment, point: Point, made: Mapping[str, Any]) -> Point:
  """The point as the record with that config has it: what a search chose was not asked for."""
  if not experiment.search:
    return point
  own, lr = made["hyperparameters"], made["settings"].get("lr", point.lr)
  chosen = {n: own[n] for n in experiment.search.ranges if n in own}
  return point._replace(hyperparameters={**point.hyperparameters, **chosen}, lr=lr)


def refuse_checkpoints(plan: Plan, out: str | Path) -> None:
  """Raises ValueError where checkpoints of the missing points were made with other settings or seeds."""
  folder = unfinished.folder_of(file_of(plan.experiment, plan.missing[0], out))
  count = len(plan.existing_seeds)
  for made, point in zip(unfinished.configs(folder) or (), plan.missing, strict=False):
    wanted, seeds = plan.config(point), made["seeds"]
    if set(seeds) <= set(plan.existing_seeds):
      continue
    if seeds == list(range(count, count + len(seeds))):
      own = {**wanted, "seeds": seeds}
      refuse_other(folder, made, own, plan)
      if seeds != wanted["seeds"]:
        last = seeds[-1] + 1
        raise ValueError(
          f"{folder} is of other seeds ({seeds[0]} to {last - 1}): finish them by --seeds {last} "
          "and add to them then, or --force starts over"
        )
    refuse_other(folder, made, wanted, plan)


def file_of(experiment: Experiment, point: Point, out: str | Path) -> Path:
  """Where the record of a point is, or will be."""
  return record.path(out, experiment.suite.name, experiment.task.name, point.label)


def refuse_other(
  file: Path, made: Mapping[str, Any], wanted: Mapping[str, Any], plan: Plan
) -> None:
  """Compares what decides the numbers: not the device count, nor what only reads the scores."""
  _refuse_changed(file, made.get("code", {}), wanted["code"], plan.experiment)
  bound = plan.experiment.method
  defaults = Bound(bound.name, bound.factory).arguments
  known = "pretrained" in made["data"] and "pretrained" in wanted["data"]

  def decisive(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in config.items() if k not in unfinished.INDIFFERENT}
    # A setting or hyper-parameter that the record does not know of had no effect when it was made.
    kept["settings"] = {**Settings()._asdict(), **kept["settings"]}
    if known:  # what the weights are counts, not where they lie
      kept["settings"]["pretrained"] = ""
    else:
      kept["data"] = {k: v for k, v in kept["data"].items() if k != "pretrained"}
    kept["hyperparameters"] = {**defaults, **kept["hyperparameters"]}
    if "labelled" not in plan.method.reads:
      kept["settings"] = {**kept["settings"], "shots": 0}
    return kept

  if changes := record.differences(decisive(made), decisive(wanted)):
    raise ValueError(
      f"{file} was made with other settings ({'; '.join(changes[:3])}): "
      "--force replaces it, --out puts the new one elsewhere"
    )


def _refuse_changed(
  file: Path, made: dict[str, str], wanted: dict[str, str], experiment: Experiment
) -> None:
  """Raises ValueError where code has changed that the numbers come from; old records do not say."""
  for kind in made.keys() & wanted.keys():
    if made[kind] != wanted[kind]:
      name = identity.file_name(experiment.sources[kind])
      raise ValueError(
        f"{name} has changed since {file} was made: --force replaces it, --out puts the new one "
        "elsewhere"
      )


def privacy(experiment: Experiment, data: TaskData) -> dict[str, Any]:
  """What a private run spends of whose privacy, for the record; refuses what it cannot account for."""
  if experiment.dp is None:
    return {}
  settings, method, labels = experiment.settings, experiment.traits, data.target.train.y
  shots = None if "all_labelled" in method.reads else settings.shots
  labelled = len(data.target.train.x)
  if labels is not None:
    labelled = len(labelled_rows(labels, shots, experiment.seeds[0]))
  examples = {"source": sum(len(d.train.x) for d in data.sources), "labelled": labelled}
  whose = dp_sgd.protected(method, experiment.start)
  times = settings.batch_size, settings.steps
  return {"privacy": {w: dp_sgd.spent(experiment.dp, examples[w], *times) for w in whose}}
