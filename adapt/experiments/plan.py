"""What an experiment comes to before training: its data, its points, and those without a record."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from adapt import validators
from adapt.catalogue import Bound
from adapt.data import encode, labelled_rows
from adapt.data.domain import Domain
from adapt.deploy.inputs import Inputs, inputs_of
from adapt.deploy.saved import lacking
from adapt.experiments import more_seeds, reverse, unfinished
from adapt.experiments.experiment import Experiment
from adapt.experiments.resolve import as_chosen, code, config, points, sources, without_settings
from adapt.experiments.suite import Task
from adapt.method import Method
from adapt.records import identity, record
from adapt.training import dp_sgd, feed, hosts, task_data
from adapt.training.joint_tasks import Part
from adapt.training.settings import Settings
from adapt.training.setup import Point, traits
from adapt.training.task_data import TaskData

Domains = Callable[[str], Domain]


class Plan(NamedTuple):
  """An experiment with its data, its points, and those of them that lack a record or seeds."""

  experiment: Experiment
  method: Method
  data: TaskData
  points: list[Point]
  missing: list[Point]
  inputs: Inputs | None = None  # what the models that are to be kept take
  existing_seeds: tuple[int, ...] = ()  # that the records of the missing points have already

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
    return config(self.remaining, point, self.data.hashes) | reading


def alone(experiment: Experiment, data: TaskData) -> Plan:
  """The plan that trains all points of an experiment on data that are there, whatever has a record."""
  todo = points(experiment)
  return Plan(experiment, traits(experiment.method, todo[0].hyperparameters), data, todo, todo)


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
  labels = hosts.agreed(lambda: _labels(whole, out))
  named = [p._replace(label=label) for p, label in zip(whole.points, labels, strict=True)]
  whole = whole._replace(points=named)
  places, existing = hosts.agreed(lambda: _missing(whole, out, force))
  inputs = None
  if experiment.save_model:
    _, target = _domains(experiment.task, domains)
    inputs = inputs_of(target, whole.data, experiment.settings)
  missing = [whole.points[i] for i in places]
  return whole._replace(missing=missing, inputs=inputs, existing_seeds=tuple(existing))


def _checked(experiment: Experiment, domains: Domains) -> Plan:
  """The plan with all points missing; refuses what data and choices rule out."""
  task, setup = experiment.task, experiment.setup
  todo = points(experiment)
  method = traits(experiment.method, todo[0].hyperparameters)
  sources, target = _domains(task, domains)
  data = task_data.prepare(setup, method, sources, target, task.classes)
  feed.streams(setup, method, data.sources, data.target, len(todo) * len(setup.seeds))
  privacy(experiment, method, data)
  validators.check(experiment.validator, data.target.train.x, data.output)
  reverse.check(experiment, method)
  return Plan(experiment, method, data, todo, todo)


def _domains(task: Task, load: Domains) -> tuple[list[Domain], Domain]:
  """A task's sources and its target, encoded alike."""
  *sources, target = encode.beside([load(name) for name in (*task.source, task.target)])
  return sources, target


def _refuse_unlike(whole: Plan) -> None:
  """Raises ValueError on all processes of a run where one has other data, code or settings."""
  hosts.alike("data", whole.data.hashes)
  hosts.alike("code", code(whole.experiment))
  wanted = {p.label: config(whole.experiment, p, whole.data.hashes) for p in whole.points}
  hosts.alike("settings", {f"{p}: {n}": v for p, c in wanted.items() for n, v in c.items()})


def _labels(whole: Plan, out: str | Path) -> list[str]:
  """The points' labels; where a record lies under the label that it had formerly, that one."""
  found = []
  former = without_settings(whole.experiment)
  for point, old in zip(whole.points, former, strict=True):
    here, there = (file_of(whole.experiment, p, out) for p in (point, old))
    label = point.label
    if here != there and not here.exists() and there.exists():
      try:
        made = record.read(there)["config"]
        own = whole.experiment._replace(seeds=tuple(made["seeds"]))
        wanted = config(own, as_chosen(own, point, made), whole.data.hashes)
        refuse_other(there, made, wanted, whole.experiment, whole.method)
        label = old.label
      except ValueError:  # of other settings
        pass
    found.append(label)
  return found


def _missing(whole: Plan, out: str | Path, force: bool) -> tuple[list[int], tuple[int, ...]]:
  """Which points lack a record or seeds, and which seeds all of those have; refuses other settings."""
  experiment = whole.experiment
  missing: dict[int, tuple[int, ...]] = {}
  for i, point in enumerate(whole.points):
    file = file_of(experiment, point, out)
    if force or not file.exists():
      missing[i] = ()
      continue
    made = record.read(file)
    existing = more_seeds.existing(experiment, made)
    alike = experiment._replace(seeds=existing or experiment.seeds)
    wanted = config(alike, as_chosen(experiment, point, made["config"]), whole.data.hashes)
    refuse_other(file, made["config"], wanted, experiment, whole.method)
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
    todo = [whole.points[i] for i in missing]
    refuse_checkpoints(whole._replace(missing=todo, existing_seeds=existing), out)
  return list(missing), existing


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
      refuse_other(folder, made, own, plan.experiment, plan.method)
      if seeds != wanted["seeds"]:
        last = seeds[-1] + 1
        raise ValueError(
          f"{folder} is of other seeds ({seeds[0]} to {last - 1}): finish them by --seeds {last} "
          "and add to them then, or --force starts over"
        )
    refuse_other(folder, made, wanted, plan.experiment, plan.method)


def file_of(experiment: Experiment, point: Point, out: str | Path) -> Path:
  """Where the record of a point is, or will be."""
  return record.path(out, experiment.suite.name, experiment.task.name, point.label)


def refuse_other(
  file: Path, made: dict[str, Any], wanted: dict[str, Any], experiment: Experiment, method: Method
) -> None:
  """Compares what decides the numbers: not the device count, nor what only reads the scores."""
  _refuse_changed(file, made.get("code", {}), wanted["code"], experiment)
  bound = experiment.method
  defaults = Bound(bound.name, bound.factory).arguments
  known = "pretrained" in made["data"] and "pretrained" in wanted["data"]

  def decisive(config: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in config.items() if k not in unfinished.INDIFFERENT}
    # A setting or hyper-parameter that the record does not know of had no effect when it was made.
    kept["settings"] = {**Settings()._asdict(), **kept["settings"]}
    if known:  # what the weights are counts, not where they lie
      kept["settings"]["pretrained"] = ""
    else:
      kept["data"] = {k: v for k, v in kept["data"].items() if k != "pretrained"}
    kept["hyperparameters"] = {**defaults, **kept["hyperparameters"]}
    if "labelled" not in method.reads:
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
      name = identity.file_name(sources(experiment)[kind])
      raise ValueError(
        f"{name} has changed since {file} was made: --force replaces it, --out puts the new one "
        "elsewhere"
      )


def privacy(experiment: Experiment, method: Method, data: TaskData) -> dict[str, Any]:
  """What a private run spends of whose privacy, for the record; refuses what it cannot account for."""
  if experiment.dp is None:
    return {}
  settings, labels = experiment.settings, data.target.train.y
  shots = None if "all_labelled" in method.reads else settings.shots
  labelled = len(data.target.train.x)
  if labels is not None:
    labelled = len(labelled_rows(labels, shots, experiment.seeds[0]))
  examples = {"source": sum(len(d.train.x) for d in data.sources), "labelled": labelled}
  whose = dp_sgd.protected(method, experiment.start)
  times = settings.batch_size, settings.steps
  return {"privacy": {w: dp_sgd.spent(experiment.dp, examples[w], *times) for w in whose}}
