"""Runs requests: data, start, training, record. The only place where all that meets."""

import contextlib
import functools
import math
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import data, tuning, validators
from adapt.data import label_sets
from adapt.deploy.saved import write_models
from adapt.experiments import reverse
from adapt.experiments.experiment import Point, Request, config, points, start_of, traits
from adapt.experiments.more_seeds import joined, without
from adapt.experiments.plan import (
  Place,
  Plan,
  file_of,
  planned,
  privacy,
  refuse_checkpoints,
  refuse_other,
)
from adapt.records import record
from adapt.training import checkpoint, history, hosts, loop, pytree_io
from adapt.training.joint_tasks import Part
from adapt.training.loop import Report, Trained
from adapt.training.task_data import Domains, Material


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
  """Makes the records that are missing, all seeds and swept values in one program; as `run_together`."""
  [result] = run_together(
    [request], out, force=force, report=report, domains=domains, minutes=minutes
  )
  return result


def run_together(
  requests: Sequence[Request],
  out: str | Path,
  *,
  force: bool = False,
  report: Report = lambda *_: None,
  domains: Domains = data.load,
  minutes: float = 5.0,
) -> list[Result]:
  """Makes the records that are missing of all of them in one program.

  Args:
    requests: what to run; several are of one `parts.shape`.
    out: folder of records.
    force: run again what is there.
    report: called once per evaluation.
    domains: loads a domain by name.
    minutes: between checkpoints; a run that was interrupted goes on from the last one.

  Raises:
    ValueError: bad input, or a record of other settings in the way; nothing is written.
    stopping.Stopped: a signal came; the same call continues.
  """
  asked = [(request, planned(request, out, force, domains)) for request in requests]
  if todo := [(without(request, plan.there), plan) for request, plan in asked if plan.missing]:
    hosts.led(lambda: record.check_writable(out))
    place = Place(out, minutes, force)
    if todo[0][0].search:
      from adapt.experiments import search  # which trains by what is here

      search.make(*todo[0], place, report)
    else:
      _make(todo, place, report)
  return [_result(request, plan, out) for request, plan in asked]


def _result(request: Request, plan: Plan, out: str | Path) -> Result:
  files = [file_of(request, p, out) for p in plan.points]
  return Result(hosts.agreed(lambda: [record.read(f) for f in files]), bool(plan.missing))


Asked = Sequence[tuple[Request, Plan]]


@contextlib.contextmanager
def training(
  asked: Asked, place: Place, report: Report
) -> Iterator[tuple[list[Trained], checkpoint.Checkpoints | checkpoint.Elsewhere]]:
  """What the plans' missing points come to, and checkpoints that are kept for as long as this lasts."""
  method = asked[0][1].method
  parts = [Part(r, p.missing, p.material, _start(r, p, place)) for r, p in asked]
  with place.checkpoints(asked) as saved:
    every = loop.train(parts, method, report, saved)
    for (request, missing, material, _), trained in zip(parts, every, strict=True):
      if request.validator == validators.REVERSE:
        trained.past.reverse = reverse.scores(request, method, missing, material, trained, _alone)
    yield every, saved


def _start(request: Request, plan: Plan, place: Place) -> Any:
  """What each of the missing points starts from, if not from scratch."""
  if start_of(request, plan.method) != "source":
    return ()
  return _source_model(request, plan.material, len(plan.missing), place)


def _alone(request: Request, point: Point, material: Material) -> Trained:
  """One point trained, with nothing kept of it."""
  plan = Plan(traits(request.method, point.hyperparameters), material, [point], [point])
  with (
    tempfile.TemporaryDirectory(prefix="adapt-") as folder,
    training([(request, plan)], Place(folder, math.inf), lambda *_: None) as ([trained], _),
  ):
    return trained


def _make(asked: Asked, place: Place, report: Report) -> None:
  """Trains and writes."""
  with training(asked, place, report) as (every, _):
    for (request, plan), trained in zip(asked, every, strict=True):
      as_asked = [p.lr for p in plan.missing] == [request.settings.lr]  # no sweep of lr
      if request.method == "source_only" and request.weights is None and as_asked:
        _remember(request, plan.material, trained)
      hosts.led(functools.partial(write, request, plan, place, trained))


def write(
  request: Request, plan: Plan, place: Place, trained: Trained, only: int | None = None, **more: Any
) -> None:
  """Makes the records of what was trained, or of one of the missing points; `more` goes into each."""
  method, material, _, missing, *_ = plan
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
    file = file_of(request, point, place.out)
    first = {k: v[own[0]] for k, v in trained.points.items() if k in ("features", "predicted")}
    if not plan.there:  # else there are those of the first seed
      record.write_points(file, **{**trained.points, **first})
    settings = config(request, point, material.hashes)
    had, asked = _had(file, request, settings, plan), request
    if had:  # whose validator selects for all of its seeds
      settings["validator"] = had["config"]["validator"]
      asked = request._replace(validator=settings["validator"])
    made = history.as_record(asked, point, settings, examples, classes, past, own, seconds)
    # That two runs ended alike can be told without keeping their parameters.
    made["parameters"] = [
      pytree_io.digest(jax.tree.map(lambda x, c=c: np.asarray(x[c]), now.ts.params)) for c in own
    ]
    if plan.inputs:
      write_models(file, made, (request, point), material, plan.inputs, now, own)
    made |= privacy(request, method, material) | more
    record.write(file, joined(had, made) if had else made)


def _had(
  file: Path, request: Request, settings: dict[str, Any], plan: Plan
) -> dict[str, Any] | None:
  """The record that is added to, if there is to be one, as it was planned."""
  if not plan.there:
    return None
  had = record.read(file)
  refuse_other(file, had["config"], {**settings, "seeds": list(plan.there)}, request, plan.method)
  return had


# Source models of this process: the configuration of their source_only run -> (params, stats).
_models: dict[str, Any] = {}


def _ours(request: Request, plan: Plan, place: Place) -> bool:
  """Whether what is saved on the way there, if anything, is of this request."""
  try:
    refuse_checkpoints(request, plan, place.out)
  except ValueError:
    return False
  return True


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
    file = file_of(asked, todo[0], place.out)
    # Seeds that are to join others make no record of their own.
    if asked.seeds[0] == 0 and not hosts.agreed(file.exists):
      _make([(asked, plan)], place._replace(force=False), quiet)
    elif not hosts.agreed(lambda: _ours(asked, plan, place)):
      _remember(asked, material, _alone(asked, todo[0], material))
    else:
      with place.checkpoints([(asked, plan)]) as saved:
        [trained] = loop.train([Part(asked, todo, material)], plan.method, quiet, saved)
        _remember(asked, material, trained)
  return jax.tree.map(lambda x: jnp.tile(x, (copies,) + (1,) * (x.ndim - 1)), _models[key])
