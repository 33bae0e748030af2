"""What a request comes to before anything is trained: its data, its points, and what stands in its way."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from adapt import catalogue, data, methods, validators
from adapt.deploy.saved import Inputs, inputs_of, lacking
from adapt.experiments import more_seeds, reverse
from adapt.experiments.experiment import Point, Request, as_chosen, config, points, start_of, traits
from adapt.method import Method
from adapt.records import record
from adapt.training import checkpoint, dp_sgd, feed, hosts
from adapt.training.settings import Settings
from adapt.training.task_data import Domains, Material, load


class Place(NamedTuple):
  """Where records and checkpoints go."""

  out: str | Path
  minutes: float  # between checkpoints
  force: bool = False  # whether to start over

  @contextlib.contextmanager
  def checkpoints(
    self, asked: Sequence[tuple[Request, "Plan"]]
  ) -> Iterator[checkpoint.Checkpoints | checkpoint.Elsewhere]:
    """Those of the program that makes the missing records of these plans.

    Those of several tasks lie beside the first one's, in a folder of just these; what each would take
    alone is taken too, so that no other process trains it meanwhile.
    """
    taken = hosts.led(lambda: self._all_taken(asked))
    if taken is None:
      yield checkpoint.Elsewhere()
    else:
      held, saved = taken
      with held:
        yield saved

  def _all_taken(
    self, asked: Sequence[tuple[Request, "Plan"]]
  ) -> tuple[contextlib.ExitStack, checkpoint.Checkpoints]:
    alone = [[one] for one in asked] if len(asked) > 1 else []
    with contextlib.ExitStack() as held:
      taken = [held.enter_context(self._taken(some)) for some in (*alone, asked)]
      return held.pop_all(), taken[-1]

  def _taken(self, asked: Sequence[tuple[Request, "Plan"]]) -> checkpoint.Checkpoints:
    first, plan = asked[0]
    made = [config(r, p, plan.material.hashes) for r, plan in asked for p in plan.missing]
    folder = checkpoint.folder_of(
      file_of(first, plan.missing[0], self.out), made if len(asked) > 1 else None
    )
    # What is left beside a finished record by a process that was killed between the two is of its seeds.
    if self.force or (plan.there and checkpoint.seeds(folder) <= set(plan.there)):
      checkpoint.discard(folder)
    return checkpoint.Checkpoints(folder, made, self.minutes)


class Plan(NamedTuple):
  """What a request comes to: its data, its points, and those of them without a record."""

  method: Method
  material: Material
  points: list[Point]
  missing: list[Point]
  inputs: Inputs | None = None  # what the models that are to be kept take
  there: tuple[int, ...] = ()  # the seeds that the missing ones' records have already


def planned(request: Request, out: str | Path, force: bool, domains: Domains) -> Plan:
  """Everything that can be said of a request before training; raises ValueError as `run` does."""
  asked, method, material = hosts.together(lambda: _loaded(request, domains))
  hosts.alike("data", material.hashes)
  places, there = hosts.agreed(
    lambda: _missing(request, method, material, asked, Place(out, 0.0, force))
  )
  keeps = request.save_model
  inputs = inputs_of(domains(request.task.target), material, request.settings) if keeps else None
  return Plan(method, material, asked, [asked[i] for i in places], inputs, tuple(there))


def _loaded(request: Request, domains: Domains) -> tuple[list[Point], Method, Material]:
  asked = points(request)
  method = traits(request.method, asked[0].hyperparameters)
  material = load(request, method, domains)
  feed.streams(request, method, material.sources, material.target)  # refuses what it cannot do
  privacy(request, method, material)  # so does this
  validators.check(request.validator, material.target.train.x)  # and this
  reverse.check(request, method)
  return asked, method, material


def _missing(
  request: Request, method: Method, material: Material, asked: list[Point], place: Place
) -> tuple[list[int], tuple[int, ...]]:
  """Which points lack a record or seeds, and which seeds all of those have; refuses other settings."""
  missing: dict[int, tuple[int, ...]] = {}
  for i, point in enumerate(asked):
    file = file_of(request, point, place.out)
    if place.force or not file.exists():
      missing[i] = ()
      continue
    made = record.read(file)
    there = more_seeds.there(request, made)
    alike = request._replace(seeds=there or request.seeds)
    wanted = config(alike, as_chosen(request, point, made["config"]), material.hashes)
    refuse_other(file, made["config"], wanted, request, method)
    if there or (request.save_model and lacking(file, made)):
      missing[i] = there
  if len(different := set(missing.values())) > 1:
    most = max(map(len, different))
    raise ValueError(
      f"some records of {request.method} on {request.task.name} have {most} seeds and others fewer: "
      f"run --seeds {most} first, or all again with --force"
    )
  there = next(iter(different), ())
  if missing and not place.force:
    todo = Plan(method, material, [], [asked[i] for i in missing], None, there)
    refuse_checkpoints(more_seeds.without(request, there), todo, place.out)
  return list(missing), there


def refuse_checkpoints(request: Request, plan: "Plan", out: str | Path) -> None:
  """Raises ValueError where checkpoints of the missing points were made with other settings or seeds."""
  folder = checkpoint.folder_of(file_of(request, plan.missing[0], out))
  for made, point in zip(checkpoint.asked(folder) or (), plan.missing, strict=False):
    wanted = config(request, point, plan.material.hashes)
    if set(made["seeds"]) <= set(plan.there):
      continue
    if made["seeds"] == list(range(len(plan.there), len(plan.there) + len(made["seeds"]))):
      refuse_other(folder, made, {**wanted, "seeds": made["seeds"]}, request, plan.method)
      if made["seeds"] != wanted["seeds"]:
        last = made["seeds"][-1] + 1
        raise ValueError(
          f"{folder} is of other seeds ({made['seeds'][0]} to {last - 1}): finish them by --seeds {last} "
          "and add to them then, or --force starts over"
        )
    refuse_other(folder, made, wanted, request, plan.method)


def file_of(request: Request, point: Point, out: str | Path) -> Path:
  """Where the record of a point is, or will be."""
  return record.path(out, request.suite.name, request.task.name, point.label)


def refuse_other(
  file: Path, made: dict[str, Any], wanted: dict[str, Any], request: Request, method: Method
) -> None:
  """Compares what decides the numbers: not the device count, nor what only reads the scores."""
  defaults = {p.name: p.default for p in catalogue.parameters(methods.get(request.method))}
  known = "pretrained" in made["data"] and "pretrained" in wanted["data"]

  def decisive(config: dict[str, Any]) -> dict[str, Any]:
    kept = {k: v for k, v in config.items() if k not in ("devices", "validator")}
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


def privacy(request: Request, method: Method, material: Material) -> dict[str, Any]:
  """What a private run spends of whose privacy, for the record."""
  if request.dp is None:
    return {}
  settings, labels = request.settings, material.target.train.y
  if "all_labelled" in method.reads or labels is None:
    labelled = len(material.target.train.x)
  else:
    labelled = len(data.few_shot(labels, settings.shots, request.seeds[0]))
  examples = {"source": sum(len(d.train.x) for d in material.sources), "labelled": labelled}
  whose = dp_sgd.protected(method, start_of(request, method))
  times = settings.batch_size, settings.steps
  return {"privacy": {w: dp_sgd.spent(request.dp, examples[w], *times) for w in whose}}
