"""Executes plans: start, training, records."""

import contextlib
import functools
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from adapt import outputs, tuning, validators, weights
from adapt.catalogue import Bound
from adapt.data import atomic_files, label_sets
from adapt.deploy.saved import write_models
from adapt.experiments import new_record, reverse, source_left_out, unfinished
from adapt.experiments.experiment import Experiment
from adapt.experiments.more_seeds import joined
from adapt.experiments.place import Place
from adapt.experiments.plan import (
  Plan,
  alone,
  file_of,
  refuse_checkpoints,
)
from adapt.experiments.resolve import resolve
from adapt.records import record
from adapt.training import checkpoint, hosts, live, loop, privacy, pytree_io
from adapt.training.loop import Report, Trained, Watch
from adapt.training.settings import Settings
from adapt.training.setup import Point
from adapt.training.task_data import TaskData


@contextlib.contextmanager
def training(
  plans: Sequence[Plan], place: Place, report: Report, watch: Watch | None = None
) -> Iterator[tuple[list[Trained], checkpoint.Checkpoints | checkpoint.Elsewhere]]:
  """Trains the plans' missing points; their checkpoints are kept until it ends."""
  parts = [one.part(_start(one, place)) for one in plans]
  with place.checkpoints(plans) as saved:
    every = loop.train(parts, report, saved, watch)
    for one, trained in zip(plans, every, strict=True):
      _train_again(one, trained)
    yield every, saved


def _train_again(plan: Plan, trained: Trained) -> None:
  """Adds the scores of a validator that trains again, if the experiment's is one."""
  what = plan.remaining, plan.missing, plan.data, trained
  if (name := plan.experiment.validator) == validators.REVERSE:
    with live.preliminary("reverse model"):
      trained.past.retrained[name] = reverse.scores(*what, _alone)
  elif name == validators.LEFT_OUT:
    with live.preliminary("model without a source"):
      trained.past.retrained[name] = source_left_out.scores(*what, _apart)


def _start(plan: Plan, place: Place) -> Any:
  """What each of the missing points starts from, if not from scratch."""
  if plan.experiment.start != "source":
    return ()
  with live.preliminary("source model"):
    return _source_model(plan.remaining, plan.data, len(plan.missing), place)


def _alone(experiment: Experiment, point: Point, data: TaskData) -> Trained:
  """One point trained, with nothing kept of it."""
  return _apart(experiment, [point], data)


def _apart(experiment: Experiment, points: Sequence[Point], data: TaskData) -> Trained:
  """Points trained in one program, with nothing kept of them."""
  own = Plan(experiment, data, points, points)
  with (
    tempfile.TemporaryDirectory(prefix="adapt-") as folder,
    training([own], Place(folder, math.inf), lambda *_: None) as ([trained], _),
  ):
    return trained


def make(plans: Sequence[Plan], place: Place, report: Report, watch: Watch | None = None) -> None:
  """Trains and writes."""
  with training(plans, place, report, watch) as (every, saved):
    for one, trained in zip(plans, every, strict=True):
      experiment = one.remaining
      unswept = [p.lr for p in one.missing] == [experiment.settings.lr]
      if experiment.method.name == "source_only" and experiment.weighting is None and unswept:
        _remember(experiment, one.data, trained)
    every_one = list(zip(plans, every, strict=True))
    hosts.led(lambda: deliver(saved, place, [functools.partial(write, *one) for one in every_one]))


def deliver(
  saved: checkpoint.Checkpoints | checkpoint.Elsewhere,
  place: Place,
  writes: Sequence[Callable[[Place, Path], None]],
) -> None:
  """Brings a program's records to their place.

  All of them come at once or, until the next run, none.
  """
  assert isinstance(saved, checkpoint.Checkpoints)  # process 0 has them

  def make(folder: Path) -> None:
    for one in writes:
      one(place, folder)

  unfinished.deliver(saved.folder, place.out, make)


def write(
  plan: Plan,
  trained: Trained,
  place: Place,
  into: Path,
  only: int | None = None,
  **more: Any,
) -> None:
  """Makes the records of what was trained in the folder `into`.

  With `only`, that of one of the missing points.

  `more` goes into each. Records that get more seeds are read where they are, in `place`.
  """
  experiment, data, missing = plan.remaining, plan.data, plan.missing
  seeds, now = len(experiment.seeds), trained.mapped
  params = jax.device_get(now.ts.params)  # whole, as a cell is picked on the host without compiling
  classes = data.classes + (label_sets.UNKNOWN,) * data.unknown
  for i in range(len(missing)) if only is None else [only]:
    point, own = missing[i], range(i * seeds, (i + 1) * seeds)
    file = file_of(experiment, point, into)
    first = {k: v[own[0]] for k, v in trained.points.items() if k in _OF_CELLS}
    settings = plan.config(point)
    existing, shown = _existing(file_of(experiment, point, place.out), settings, plan), experiment
    if existing:  # whose validator selects for all of its seeds
      settings["validator"] = existing["config"]["validator"]
      shown = experiment._replace(validator=settings["validator"])
    made = new_record.as_record(
      shown,
      point,
      settings,
      _examples(plan, trained),
      classes,
      trained.past,
      own,
      trained.seconds,
      data.scale,
    )
    # That two runs ended alike can be told without keeping their parameters.
    made["parameters"] = [pytree_io.digest(jax.tree.map(lambda x, c=c: x[c], params)) for c in own]
    if not plan.existing_seeds:  # else there are those of the first seed
      record.write_points(file, made["parameters"][0], **{**trained.points, **first})
    if plan.inputs:
      write_models(file, made, (experiment.setup, point), data, plan.inputs, now, own)
    if (steps := data.target.preprocessing) is not None and steps.steps:
      made["preprocessing"] = steps.summary
    if "source" in plan.method.reads and trained.past.output == "classes":
      made["majority"] = new_record.majority(trained.past, own[0], classes)
    made["expected"] = new_record.expected(experiment, trained.scores, trained.past, own)
    made |= {**trained.weighted, **_groups(data)}
    if form := _form(experiment.weighting, made["examples"]):
      made["weights_form"] = form
    made |= privacy.spent(experiment.setup, plan.method, experiment.start, data) | more
    atomic_files.write_json(file, joined(existing, made) if existing else made)


def _groups(data: TaskData) -> dict[str, list[str]]:
  """The names of the test examples' groups, in the order of their accuracies."""
  groups = data.target.groups
  return {} if groups is None else {"groups": np.unique(groups).tolist()}


def _form(weighting: Bound | None, examples: Mapping[str, int]) -> str | None:
  """How the weights were computed, as far as the weighting says so."""
  return weights.form(weighting, examples["source"], examples["target"]) if weighting else None


def _examples(plan: Plan, trained: Trained) -> dict[str, int]:
  """How many examples a run has of each kind."""
  data, labelled = plan.data, trained.mapped.labelled
  return {
    "source": sum(len(d.train.x) for d in data.sources),
    "target": len(data.target.train.x),
    "test": len(data.target.test.x),
    "labelled": 0 if labelled is None else labelled.rows.shape[1],
    "step": plan.experiment.settings.batch_size * len(plan.method.reads),
  }


def _existing(file: Path, settings: dict[str, Any], plan: Plan) -> dict[str, Any] | None:
  """The record that is added to, if there is to be one, as it was planned."""
  if not plan.existing_seeds:
    return None
  made = record.read(file)
  wanted = {**settings, "seeds": list(plan.existing_seeds)}
  plan.refuse_other(file, made["config"], wanted)
  return made


_OF_CELLS = ("features", "predicted", "score")  # points that each cell has of its own
# Source models of this process: what their source_only run is -> (params, stats).
_models: dict[Any, Any] = {}


def _ours(plan: Plan, place: Place) -> bool:
  """Whether what is saved on the way there, if anything, is of this plan."""
  try:
    refuse_checkpoints(plan, place.out)
  except ValueError:
    return False
  return True


def _plain_source(experiment: Experiment) -> Experiment:
  """The experiment that trains the source model of another."""
  same = ("model", "layout", "validator", "feed", "dp", "output")
  kept = {name: getattr(experiment, name) for name in same}
  settings = experiment.source_settings
  if smoothing := experiment.source_model.get("smoothing"):
    kept["output"] = outputs.bind(experiment.output, smoothing=smoothing)
  if settings.optimizer == experiment.settings.optimizer:
    kept["optimizer"] = experiment.optimizer
  place = experiment.suite, experiment.task, "source_only"
  return resolve(*place, settings, experiment.seeds, **kept)


def _key(plain: Experiment, data: TaskData) -> tuple[str, Any]:
  return str(plain.config(plain.points[0], data.hashes)), plain.model.key


def _remember(experiment: Experiment, data: TaskData, trained: Trained) -> None:
  ts = trained.mapped.ts
  params, stats = ts.params["net"], ts.state["stats"]
  if data.settings.freeze == "backbone":  # then it lies beside what is trained
    params, stats = tuning.merged(params, stats["frozen"]), stats["inner"]
  _models[_key(_plain_source(experiment), data)] = (params, stats)


def _source_model(experiment: Experiment, data: TaskData, copies: int, place: Place) -> Any:
  """The networks of source_only with the same seeds, trained once and shared by all who need them."""
  plain = _plain_source(experiment)
  others = {n: v for n, v in experiment.source_model.items() if n in Settings._fields}
  data = data._replace(settings=data.settings._replace(**others))
  key = _key(plain, data)
  if key not in _models:
    own = alone(plain, data)
    quiet: Report = lambda *_: None  # its losses are not those of the method that starts from it
    file = file_of(plain, own.points[0], place.out)
    # Seeds that are to join others make no record of their own.
    if plain.seeds[0] == 0 and not hosts.agreed(file.exists):
      make([own], place._replace(force=False), quiet)
    elif not hosts.agreed(lambda: _ours(own, place)):
      _remember(plain, data, _alone(plain, own.points[0], data))
    else:
      with place.checkpoints([own]) as saved:
        [trained] = loop.train([own.part()], quiet, saved)
        _remember(plain, data, trained)
  return jax.tree.map(lambda x: jnp.tile(x, (copies,) + (1,) * (x.ndim - 1)), _models[key])
