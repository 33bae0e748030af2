"""Runs a request: data, start, training, record. The only place where the parts meet."""

from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from adapt import catalogue, cell, data, feed, history, methods, private, record, tuning
from adapt.cell import Report, Trained
from adapt.data import label_sets
from adapt.material import Domains, Material, load
from adapt.method import Method
from adapt.request import Choice, Point, Request, config, points, start_of, traits
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
) -> Result:
  """Makes the records that are missing, all seeds and swept values in one program.

  Args:
    request: what to run.
    out: folder of records.
    force: run again what is there.
    report: called once per evaluation.
    domains: loads a domain by name.

  Raises:
    ValueError: bad input, or a record of other settings in the way; nothing is written.
  """
  plan = planned(request, out, force, domains)
  if plan.missing:
    record.check_writable(out)
    _make(request, plan, out, report)
  return Result([record.read(_file(request, p, out)) for p in plan.points], bool(plan.missing))


class Plan(NamedTuple):
  """What a request comes to: its data, its points, and those of them without a record."""

  method: Method
  material: Material
  points: list[Point]
  missing: list[Point]


def planned(request: Request, out: str | Path, force: bool, domains: Domains) -> Plan:
  """Everything that can be said of a request before training; raises ValueError as `run` does."""
  asked = points(request)
  method = traits(request.method, asked[0].hyperparameters)
  material = load(request, method, domains)
  feed.streams(request, method, material.sources, material.target)  # refuses what it cannot do
  _privacy(request, method, material)  # so does this
  missing = []
  for point in asked:
    file = _file(request, point, out)
    if force or not file.exists():
      missing.append(point)
    else:
      _refuse_other(file, config(request, point, material.hashes), request, method)
  return Plan(method, material, asked, missing)


def _file(request: Request, point: Point, out: str | Path) -> Path:
  return record.path(out, request.suite.name, request.task.name, point.label)


def _refuse_other(file: Path, wanted: dict[str, Any], request: Request, method: Method) -> None:
  """Compares what decides the numbers: not the device count, nor what only reads the scores."""
  defaults = {p.name: p.default for p in catalogue.parameters(methods.get(request.method))}
  made = record.read(file)["config"]
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


def _make(request: Request, plan: Plan, out: str | Path, report: Report) -> None:
  """Trains and writes."""
  method, material, _, missing = plan
  warm = start_of(request, method) == "source"
  start = _source_model(request, material, len(missing), out) if warm else ()
  trained = cell.train(request, method, missing, material, start, report)
  as_asked = [p.lr for p in missing] == [request.settings.lr]  # no sweep of the learning rate
  if request.method == "source_only" and request.weights is None and as_asked:
    _remember(request, material, trained)
  seeds = len(request.seeds)
  labelled = trained.mapped.labelled
  examples = {
    "source": sum(len(d.train.x) for d in material.sources),
    "target": len(material.target.train.x),
    "test": len(material.target.test.x),
    "labelled": 0 if labelled is None else labelled.rows.shape[1],
    "step": request.settings.batch_size * len(method.reads),
  }
  for i, point in enumerate(missing):
    own = range(i * seeds, (i + 1) * seeds)
    file = _file(request, point, out)
    first = {k: v[own[0]] for k, v in trained.points.items() if k in ("features", "predicted")}
    record.write_points(file, **{**trained.points, **first})
    settings = config(request, point, material.hashes)
    classes, past = material.classes, trained.past
    classes += (label_sets.UNKNOWN,) * request.task.unknown
    made = history.as_record(
      request, point, settings, examples, classes, past, own, trained.seconds
    )
    record.write(file, made | _privacy(request, method, material))


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
  return {
    "privacy": {
      whose: private.spent(request.dp, examples[whose], settings.batch_size, settings.steps)
      for whose in private.protected(method, start_of(request, method))
    }
  }


# Source models of this process: the configuration of their source_only run -> (params, stats).
_models: dict[str, Any] = {}


def _plain_source(request: Request) -> Request:
  return request._replace(
    method="source_only", given={}, sweep={}, weights=None, tuning=Choice("full"), start=None
  )


def _key(request: Request, material: Material) -> str:
  plain = _plain_source(request)
  return str(config(plain, points(plain)[0], material.hashes))


def _remember(request: Request, material: Material, trained: Trained) -> None:
  ts = trained.mapped.ts
  params, stats = ts.params["net"], ts.state["stats"]
  if material.settings.freeze == "backbone":  # then it lies beside what is trained
    params, stats = tuning.merged(params, stats["frozen"]), stats["inner"]
  _models[_key(request, material)] = (params, stats)


def _source_model(request: Request, material: Material, copies: int, out: str | Path) -> Any:
  """The networks of source_only with the same seeds, trained once and shared by all who need them."""
  asked, key = _plain_source(request), _key(request, material)
  if key not in _models:
    todo = points(asked)
    plan = Plan(traits("source_only", todo[0].hyperparameters), material, todo, todo)

    def quiet(*_: Any) -> None:  # its losses are not those of the method that starts from it
      pass

    if _file(asked, todo[0], out).exists():
      _remember(asked, material, cell.train(asked, plan.method, todo, material, (), quiet))
    else:
      _make(asked, plan, out, quiet)
  return jax.tree.map(lambda x: jnp.tile(x, (copies,) + (1,) * (x.ndim - 1)), _models[key])
