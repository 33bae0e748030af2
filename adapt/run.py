"""Runs a request: data, start, training, record. The only place where the parts meet."""

import contextlib
import math
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import (
  catalogue,
  cell,
  checkpoint,
  data,
  feed,
  history,
  hosts,
  leaves,
  methods,
  private,
  record,
  reverse,
  select,
  tuning,
)
from adapt.cell import Report, Trained
from adapt.data import label_sets
from adapt.material import Domains, Material, load
from adapt.method import Method
from adapt.request import Point, Request, as_chosen, config, points, start_of, traits
from adapt.saved import Inputs, inputs_of, lacking, write_models
from adapt.suite import Settings


class Result(NamedTuple):
  """The records of a request, and whether any of them is new."""

  records: list[dict[str, Any]]
  fresh: bool


def run(
  request: Request,
  out: str | Path,
  *,
  force: bool = False,
  report: Report = lambda *_: None,
  domains: Domains = data.load,
  minutes: float = 5.0,
) -> Result:
  """Makes the records that are missing, all seeds and swept values in one program.

  Args:
    request: what to run.
    out: folder of records.
    force: run again what is there.
    report: called once per evaluation.
    domains: loads a domain by name.
    minutes: between checkpoints; a run that was interrupted goes on from the last one.

  Raises:
    ValueError: bad input, or a record of other settings in the way; nothing is written.
    stopping.Stopped: a signal came; the same call continues.
  """
  plan = planned(request, out, force, domains)
  if plan.missing:
    hosts.led(lambda: record.check_writable(out))
    place = Place(out, minutes, force)
    if request.search:
      from adapt import search  # which trains by what is here

      search.make(request, plan, place, report)
    else:
      _make(request, plan, place, report)
  files = [_file(request, p, out) for p in plan.points]
  return Result(hosts.agreed(lambda: [record.read(f) for f in files]), bool(plan.missing))


class Place(NamedTuple):
  """Where records and checkpoints go."""

  out: str | Path
  minutes: float  # between checkpoints
  force: bool = False  # whether to start over

  @contextlib.contextmanager
  def checkpoints(
    self, request: Request, plan: "Plan"
  ) -> Iterator[checkpoint.Checkpoints | checkpoint.Elsewhere]:
    """Those of the program that makes the plan's missing records."""
    taken = hosts.led(lambda: self._taken(request, plan))
    if taken is None:
      yield checkpoint.Elsewhere()
    else:
      with taken:
        yield taken

  def _taken(self, request: Request, plan: "Plan") -> checkpoint.Checkpoints:
    folder = checkpoint.folder_of(_file(request, plan.missing[0], self.out))
    if self.force:
      checkpoint.discard(folder)
    asked = [config(request, p, plan.material.hashes) for p in plan.missing]
    return checkpoint.Checkpoints(folder, asked, self.minutes)


class Plan(NamedTuple):
  """What a request comes to: its data, its points, and those of them without a record."""

  method: Method
  material: Material
  points: list[Point]
  missing: list[Point]
  inputs: Inputs | None = None  # what the models that are to be kept take


def planned(request: Request, out: str | Path, force: bool, domains: Domains) -> Plan:
  """Everything that can be said of a request before training; raises ValueError as `run` does."""
  asked, method, material = hosts.together(lambda: _loaded(request, domains))
  hosts.alike("data", material.hashes)
  places = hosts.agreed(lambda: _missing(request, method, material, asked, Place(out, 0.0, force)))
  keeps = request.save_model
  inputs = inputs_of(domains(request.task.target), material, request.settings) if keeps else None
  return Plan(method, material, asked, [asked[i] for i in places], inputs)


def _loaded(request: Request, domains: Domains) -> tuple[list[Point], Method, Material]:
  asked = points(request)
  method = traits(request.method, asked[0].hyperparameters)
  material = load(request, method, domains)
  feed.streams(request, method, material.sources, material.target)  # refuses what it cannot do
  _privacy(request, method, material)  # so does this
  select.check(request.validator, material.target.train.x)  # and this
  reverse.check(request, method)
  return asked, method, material


def _missing(
  request: Request, method: Method, material: Material, asked: list[Point], place: Place
) -> list[int]:
  """Which of the points have no record; refuses records and checkpoints of other settings."""
  missing = []
  for i, point in enumerate(asked):
    file = _file(request, point, place.out)
    if place.force or not file.exists():
      missing.append(i)
    else:
      made = record.read(file)
      wanted = config(request, as_chosen(request, point, made["config"]), material.hashes)
      _refuse_other(file, made["config"], wanted, request, method)
      if request.save_model and lacking(file, made):
        missing.append(i)
  if missing and not place.force:
    refuse_checkpoints(request, Plan(method, material, [], [asked[i] for i in missing]), place.out)
  return missing


def refuse_checkpoints(request: Request, plan: "Plan", out: str | Path) -> None:
  """Raises ValueError where checkpoints of the missing points were made with other settings."""
  folder = checkpoint.folder_of(_file(request, plan.missing[0], out))
  for made, point in zip(checkpoint.asked(folder) or (), plan.missing, strict=False):
    wanted = config(request, point, plan.material.hashes)
    _refuse_other(folder, made, wanted, request, plan.method)


def _file(request: Request, point: Point, out: str | Path) -> Path:
  return record.path(out, request.suite.name, request.task.name, point.label)


def _refuse_other(
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


@contextlib.contextmanager
def training(
  request: Request, plan: Plan, place: Place, report: Report
) -> Iterator[tuple[Trained, checkpoint.Checkpoints | checkpoint.Elsewhere]]:
  """What the plan's missing points come to, and checkpoints that are kept for as long as this lasts."""
  method, material, _, missing, _ = plan
  warm = start_of(request, method) == "source"
  start = _source_model(request, material, len(missing), place) if warm else ()
  with place.checkpoints(request, plan) as saved:
    trained = cell.train(request, method, missing, material, start, report, saved)
    if request.validator == select.REVERSE:
      trained.past.reverse = reverse.scores(request, method, missing, material, trained, _alone)
    yield trained, saved


def _alone(request: Request, point: Point, material: Material) -> Trained:
  """One point trained, with nothing kept of it."""
  plan = Plan(traits(request.method, point.hyperparameters), material, [point], [point])
  with (
    tempfile.TemporaryDirectory(prefix="adapt-") as folder,
    training(request, plan, Place(folder, math.inf), lambda *_: None) as (trained, _),
  ):
    return trained


def _make(request: Request, plan: Plan, place: Place, report: Report) -> None:
  """Trains and writes."""
  with training(request, plan, place, report) as (trained, _):
    as_asked = [p.lr for p in plan.missing] == [request.settings.lr]  # no sweep of lr
    if request.method == "source_only" and request.weights is None and as_asked:
      _remember(request, plan.material, trained)
    hosts.led(lambda: write(request, plan, place, trained))


def write(
  request: Request, plan: Plan, place: Place, trained: Trained, only: int | None = None, **more: Any
) -> None:
  """Makes the records of what was trained, or of one of the missing points; `more` goes into each."""
  method, material, _, missing, _ = plan
  classes = material.classes + (label_sets.UNKNOWN,) * request.task.unknown
  labelled = trained.mapped.labelled
  examples = {
    "source": sum(len(d.train.x) for d in material.sources),
    "target": len(material.target.train.x),
    "test": len(material.target.test.x),
    "labelled": 0 if labelled is None else labelled.rows.shape[1],
    "step": request.settings.batch_size * len(method.reads),
  }
  seeds, past, seconds, now = len(request.seeds), trained.past, trained.seconds, trained.mapped
  for i in range(len(missing)) if only is None else [only]:
    point, own = missing[i], range(i * seeds, (i + 1) * seeds)
    file = _file(request, point, place.out)
    first = {k: v[own[0]] for k, v in trained.points.items() if k in ("features", "predicted")}
    record.write_points(file, **{**trained.points, **first})
    settings = config(request, point, material.hashes)
    made = history.as_record(request, point, settings, examples, classes, past, own, seconds)
    # That two runs ended alike can be told without keeping their parameters.
    made["parameters"] = [
      leaves.digest(jax.tree.map(lambda x, c=c: np.asarray(x[c]), now.ts.params)) for c in own
    ]
    if plan.inputs:
      write_models(file, made, (request, point), material, plan.inputs, now, own)
    record.write(file, made | _privacy(request, method, material) | more)


def _privacy(request: Request, method: Method, material: Material) -> dict[str, Any]:
  """What a private run spends of whose privacy, for the record."""
  if request.dp is None:
    return {}
  settings, labels = request.settings, material.target.train.y
  if "all_labelled" in method.reads or labels is None:
    labelled = len(material.target.train.x)
  else:
    labelled = len(data.few_shot(labels, settings.shots, request.seeds[0]))
  examples = {"source": sum(len(d.train.x) for d in material.sources), "labelled": labelled}
  whose = private.protected(method, start_of(request, method))
  times = settings.batch_size, settings.steps
  return {"privacy": {w: private.spent(request.dp, examples[w], *times) for w in whose}}


# Source models of this process: the configuration of their source_only run -> (params, stats).
_models: dict[str, Any] = {}


def _plain_source(request: Request) -> Request:
  plain = Request(request.suite, request.task, "source_only", request.settings, request.seeds)
  same = ("layout", "validator", "feed", "dp")
  return plain._replace(**{n: getattr(request, n) for n in same})


def _key(request: Request, material: Material) -> str:
  plain = _plain_source(request)
  return str(config(plain, points(plain)[0], material.hashes))


def _remember(request: Request, material: Material, trained: Trained) -> None:
  ts = trained.mapped.ts
  params, stats = ts.params["net"], ts.state["stats"]
  if material.settings.freeze == "backbone":  # then it lies beside what is trained
    params, stats = tuning.merged(params, stats["frozen"]), stats["inner"]
  _models[_key(request, material)] = (params, stats)


def _source_model(request: Request, material: Material, copies: int, place: Place) -> Any:
  """The networks of source_only with the same seeds, trained once and shared by all who need them."""
  asked, key = _plain_source(request), _key(request, material)
  if key not in _models:
    todo = points(asked)
    plan = Plan(traits("source_only", todo[0].hyperparameters), material, todo, todo)
    quiet: Report = lambda *_: None  # its losses are not those of the method that starts from it
    file = _file(asked, todo[0], place.out)
    if not hosts.agreed(file.exists):
      _make(asked, plan, place._replace(force=False), quiet)
    else:
      with place.checkpoints(asked, plan) as saved:
        _remember(asked, material, cell.train(asked, plan.method, todo, material, (), quiet, saved))
  return jax.tree.map(lambda x: jnp.tile(x, (copies,) + (1,) * (x.ndim - 1)), _models[key])
