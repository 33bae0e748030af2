"""Runs shallow alignment over a suite's tasks, and writes records.

Every table reads these records.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from adapt import catalogue, data, outputs, weights
from adapt.data import atomic_files
from adapt.data.domain import Domain
from adapt.experiments.suite import Suite, Task
from adapt.records import record, started
from adapt.report.summary import cell, percent
from adapt.shallow import judging, transforms
from adapt.shallow.classifier import Machine
from adapt.training import task_data
from adapt.training.settings import Settings

Domains = Callable[[str], Domain]
# No step is taken: what decides the numbers is among the hyper-parameters.
_SETTINGS = Settings("shallow", 0, 0, "none", 0.0, 0.0, 0.0, "none", 0)


class Shallow(NamedTuple):
  """A feature transform and what classifies its features."""

  transform: str = "none"  # a name in transforms.py
  # One of classifier.py, or of values of regressor.py: of KINDS, ADAPTIVE or LABELLED.
  classifier: str = "linear"
  given: Mapping[str, Any] = {}  # hyper-parameters of the transform that are not its defaults
  weights: str = ""  # a weighting of the source examples, a name in adapt/weights
  adaptive: Mapping[
    str, Any
  ] = {}  # hyper-parameters of an adaptive or labelled classifier that are not its own
  # Labelled target examples of each class (of values in all), of a classifier that needs them.
  shots: int = 0


class Plan(NamedTuple):
  """What a benchmark runs: a suite, methods by label, and labelled examples."""

  suite: Suite
  methods: Mapping[str, Shallow]
  seeds: int  # by default
  labelled: Mapping[str, int] = {}  # source domain → examples of each class drawn; empty: all are


def run(
  plan: Plan,
  tasks: Sequence[Task],
  names: Sequence[str],
  seeds: int,
  out: str | Path,
  domains: Domains,
  *,
  force: bool = False,
  report: Callable[[str], None] = lambda line: None,
) -> list[dict[str, Any]]:
  """Makes the records that are missing.

  Args:
    plan: of a benchmark.
    tasks: of its suite.
    names: labels of its methods.
    seeds: runs 0 … seeds-1.
    out: folder of records.
    domains: loads a domain by name.
    force: run again what is there.
    report: told a line per record.

  Raises:
    ValueError: data that do not fit, or a record of other settings in the way.
  """
  records = []
  for task in tasks:
    loaded = [domains(name) for name in (task.source[0], task.target)]
    for label in names:
      file = record.path(out, plan.suite.name, task.name, label)
      config = _config(plan, task, plan.methods[label], seeds, loaded)
      if file.exists() and not force:
        made = record.read(file)
        if changed := record.differences(made["config"], config):
          raise ValueError(
            f"{file} was made with other settings ({'; '.join(changed[:3])}): --force replaces "
            "it, --out puts the new one elsewhere"
          )
      else:
        made = _made(plan, task, label, config, *loaded)
        atomic_files.write_json(file, made)
        made = record.read(file)
      report(f"{task.name} {label} {_percent(made)}")
      records.append(made)
  return records


def _percent(made: Mapping[str, Any]) -> str:
  how = outputs.measure(next(n for n in made["oracle"] if n != "step"))
  return percent(cell(made["last"][how.name])._replace(std=None), None, how.name)


def _config(
  plan: Plan, task: Task, chosen: Shallow, seeds: int, loaded: Sequence[Domain]
) -> dict[str, Any]:
  """Everything that determines the numbers."""
  transform = transforms.get(chosen.transform)
  own = {p.name: p.default for p in catalogue.parameters(transform)} | dict(chosen.given)
  drawn = plan.labelled.get(task.source[0])
  choice: dict[str, Any] = {}
  room = judging.learners(loaded[0])
  rules = room.ADAPTIVE | room.LABELLED
  if rule := rules.get(chosen.classifier):
    choice = {p.name: p.default for p in catalogue.parameters(rule) if p.name != "seed"}
    choice |= dict(chosen.adaptive)
  if chosen.classifier not in room.UNCHOSEN:
    choice |= room.CHOSEN
  return atomic_files.plain(
    {
      "hyperparameters": {
        "transform": chosen.transform,
        **own,
        "classifier": chosen.classifier,
        **choice,
        **({"labelled_per_class": drawn} if drawn else {}),
        **({"labelled_target_per_class": chosen.shots} if chosen.shots else {}),
      },
      "weights": _weighting(chosen.weights),
      "tuning": None,
      "settings": _SETTINGS._asdict(),
      "start": "scratch",
      "seeds": list(range(seeds)),
      "source": list(task.source),
      "target": task.target,
      "data": {d.name: task_data.fingerprint(d) for d in loaded},
    }
  )


def _weighting(name: str) -> dict[str, Any] | None:
  """The name of a weighting and its hyper-parameters."""
  if not name:
    return None
  return {"name": name, **{p.name: p.default for p in catalogue.parameters(weights.get(name))}}


class _Seed(NamedTuple):
  """What one seed gives."""

  confusion: np.ndarray | None  # of classes
  measures: dict[str, Any]
  examples: int  # that were tested on
  c: float | None
  train: float  # seconds
  predict: float


def _made(
  plan: Plan,
  task: Task,
  label: str,
  config: dict[str, Any],
  source: Domain,
  target: Domain,
) -> dict[str, Any]:
  chosen, seeds = plan.methods[label], config["seeds"]
  count = plan.labelled.get(task.source[0], 0)
  judging.check(source, target, count, chosen.weights)
  began = time.perf_counter()
  runs = _all_seeds(chosen, source, target, seeds, count)
  total = time.perf_counter() - began
  measured = [run.measures for run in runs]
  last = {name: [each[name] for each in measured] for name in measured[0]}
  train, predict = sum(r.train for r in runs), float(np.mean([r.predict for r in runs]))
  described = judging.described(source)
  of_each = len(source.classes) if source.classes else 1  # of values shots are in all
  return {
    "format": record.FORMAT,
    "suite": plan.suite.name,
    "task": task.name,
    "label": label,
    "method": "shallow",
    "config": config,
    "protocol": plan.suite.protocol,
    "examples": {
      "source": count * len(source.classes) if count else len(source.train.x),
      "target": len(target.train.x),
      "test": runs[0].examples,
      "labelled": chosen.shots * of_each,
    },
    **described,
    "last": last,
    "confusion": [run.confusion for run in runs] if "output" not in described else None,
    "chosen_c": [run.c for run in runs],
    "selected": None,
    # There is but one iterate.
    "oracle": {"step": [0] * len(runs), judging.main(source): last[judging.main(source)]},
    "validators": {},
    "curves": {"step": []},
    "diverged": {},
    "seconds": {"train": train, "total": total},
    "images_per_second": None,
    "prediction_ms_per_1000": 1e6 * predict / runs[0].examples,
    "environment": record.environment(),
    "command": started.shown(),
    "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
  }


def _all_seeds(
  chosen: Shallow, source: Domain, target: Domain, seeds: Sequence[int], count: int
) -> list[_Seed]:
  """One run a seed; where all are labelled only the folds differ, and the maps are made once."""
  if source.train.y is None or target.test.y is None:
    raise ValueError(f"{source.name} or {target.name} has no labels: shallow runs need both")
  xs, ys = _vectors(source.train.x, source.name), source.train.y
  xt, x, y = (*(_vectors(t.x, target.name) for t in (target.train, target.test)), target.test.y)
  room = judging.learners(source)
  needs, yt = chosen.classifier in room.LABELLED, target.train.y
  if needs and yt is None:
    raise ValueError(f"{target.name} has no labels to draw from: {chosen.classifier} needs some")
  if needs and chosen.weights:
    raise ValueError(f"{chosen.classifier} takes no weights: choose another classifier")
  if needs != bool(chosen.shots):
    raise ValueError(f"{chosen.classifier} with {chosen.shots} labelled target examples a class")
  result: list[_Seed] = []
  fitted: tuple[transforms.Maps, np.ndarray | None] | None = None
  for seed in seeds:
    rows = data.few_shot(ys, count, seed) if count else np.arange(len(ys))
    began = time.perf_counter()
    if fitted is None or count:
      fitted = _fitted(chosen, xs[rows], ys[rows], xt)
    few = (
      np.empty(0, np.int64) if yt is None or not needs else judging.drawn(yt, chosen.shots, seed)
    )
    # Where all of the target is tested on, those whose labels were given are not.
    asked = np.delete(np.arange(len(y)), few if np.array_equal(xt, x) else [])
    if not len(asked):
      raise ValueError(
        f"{target.name} has no example to test on beside the {len(few)} labelled: give fewer"
      )
    if needs:
      own, drawn = (xs[rows], ys[rows]), (xt[few], np.asarray(yt)[few])
      machine = room.labelled(chosen.classifier, fitted[0], own, drawn, seed, chosen.adaptive)
    else:
      machine = _machine(room, chosen, fitted, xs[rows], ys[rows], xt, seed)
    trained = time.perf_counter()
    predicted = machine.predict(x[asked])
    ended = time.perf_counter()
    judged = judging.judged(predicted, y[asked], source)
    result.append(_Seed(*judged, len(asked), machine.c, trained - began, ended - trained))
  return result


def _fitted(
  chosen: Shallow, xs: np.ndarray, ys: np.ndarray, xt: np.ndarray
) -> tuple[transforms.Maps, np.ndarray | None]:
  maps = transforms.fitted(chosen.transform, xs, ys, xt, **chosen.given)
  return maps, weights.get(chosen.weights)(xs, ys, xt) if chosen.weights else None


def _machine(
  room: ModuleType,
  chosen: Shallow,
  fitted: tuple[transforms.Maps, np.ndarray | None],
  xs: np.ndarray,
  ys: np.ndarray,
  xt: np.ndarray,
  seed: int,
) -> Machine:
  maps, weighted = fitted
  made: Machine
  if chosen.classifier not in room.ADAPTIVE:
    made = room.fit(chosen.classifier, maps, xs, ys, seed, weighted)
    return made
  if weighted is not None:
    raise ValueError(f"{chosen.classifier} takes no weights: choose another classifier")
  made = room.adapted(chosen.classifier, maps, xs, ys, xt, chosen.adaptive)
  return made


def _vectors(x: Any, name: str) -> np.ndarray:
  if not isinstance(x, np.ndarray) or x.ndim != 2:
    raise ValueError(f"{name} has no feature vectors: shallow alignment takes [n, d] alone")
  return x
