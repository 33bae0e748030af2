"""What wandb is told: configuration, measures at each evaluation, results."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data.atomic_files import plain
from adapt.experiments.experiment import Experiment
from adapt.report.summary import Record, by_seed, cell
from adapt.training.history import History

_LONGEST = {"tag": 64, "group": 128, "name": 128}  # characters that wandb takes
_WHEN = ("last", "selected", "oracle")
COLUMNS = ("label", "checkpoint", "measure", "mean", "std", "seeds")


class Run(NamedTuple):
  """How a run is named, found and configured."""

  name: str
  group: str
  tags: tuple[str, ...]
  config: Mapping[str, Any]


def described(experiment: Experiment, environment: Mapping[str, Any]) -> Run:
  """A run of an experiment, with everything that shapes its numbers.

  Args:
    experiment: one program's; swept values and a search's ranges are under their own keys.
    environment: commit, versions and device, as records have them.
  """
  suite, task = experiment.suite.name, experiment.task.name
  point = experiment._replace(sweep={}).points[0]
  shown = {
    "method": experiment.method.name,
    "suite": suite,
    "task": task,
    "label": point.label,
    **experiment.config(point, {}),
    "model": {"name": experiment.model.name, **experiment.model.arguments},
    "tuning": {"name": experiment.tuning.name, **experiment.tuning.arguments},
    **{n: environment.get(n) for n in ("commit", "dirty", "device", "versions")},
    **({"sweep": {n: list(v) for n, v in experiment.sweep.items()}} if experiment.sweep else {}),
  }
  for name in experiment.sweep:  # each point has a value of its own
    place = shown["settings"] if name == "lr" else shown["hyperparameters"]
    place[name] = "swept"
  del shown["data"]
  return Run(
    f"{suite}/{task}/{point.label}"[: _LONGEST["name"]],
    f"{suite}/{task}"[: _LONGEST["group"]],
    tuple(dict.fromkeys(t[: _LONGEST["tag"]] for t in _tags(experiment))),
    plain(shown),
  )


def _tags(experiment: Experiment) -> list[str]:
  """The method, and what else was chosen."""
  method, settings = experiment.method, experiment.settings
  chosen = {
    "dp": experiment.dp,
    "search": experiment.search,
    "sweep": experiment.sweep,
    "null control": method.given.get("weight") == 0,
    "from source model": experiment.start == "source",
    "few labels": settings.shots,
  }
  names = [e.name for e in (method, experiment.weighting, experiment.tuning, experiment.model) if e]
  return [*names, *(name for name, is_so in chosen.items() if is_so)]


def measured(past: History, search: bool) -> dict[str, float]:
  """The measures of an evaluation: means over seeds, and bands.

  Swept points have their label before a measure's name. A search's candidates make one band.

  Args:
    past: of the program; its newest evaluation is read.
    search: whether the cells are a search's candidates.
  """
  labels = np.array(past.labels)
  names = list(dict.fromkeys(past.labels))
  newest = past.newest()
  found: dict[str, float] = {}
  for label in names:
    mine = labels == label
    first = "candidates/" if search else f"{label}/" if len(names) > 1 else ""
    for kind, measures in newest.items():
      for name, values in measures.items():
        found |= _band(f"{first}{kind}/{name}", values[mine])
    if lost := sum(mine[c] for c in past.diverged):
      found[f"{first}diverged"] = float(lost)
  return found


def _band(name: str, values: np.ndarray) -> dict[str, float]:
  """Mean, least, greatest and sample deviation of the finite values."""
  values = values[np.isfinite(values)]
  if not len(values):
    return {}
  band = {name: float(values.mean())}
  if len(values) > 1:
    band |= {f"{name}_min": float(values.min()), f"{name}_max": float(values.max())}
    band[f"{name}_std"] = float(values.std(ddof=1))
  return band


def results(records: Sequence[Record]) -> tuple[Sequence[str], list[tuple[Any, ...]]]:
  """The final table: a row per record, checkpoint and measure."""
  rows = []
  for r in records:
    for when in _WHEN:
      for name, found in _cells(r, when).items():
        rows.append((r["label"], when, name, found.mean, found.std, found.n))
  return COLUMNS, rows


def summary(records: Sequence[Record]) -> dict[str, float]:
  """Final values by name, as `last/accuracy`."""
  found = {}
  for r in records:
    first = f"{r['label']}/" if len(records) > 1 else ""
    for when in _WHEN:
      for name, each in _cells(r, when).items():
        found[f"{first}{when}/{name}"] = each.mean
    seconds = r.get("seconds") or {}
    found |= {f"{first}seconds/{n}": v for n, v in seconds.items() if v is not None}
  return found


def _cells(record: Record, when: str) -> dict[str, Any]:
  """Statistics over seeds of the measures of a section."""
  section = record.get(when) or {}
  found = {}
  for name, values in section.items():
    if name == "validator" or any(isinstance(v, list) for v in values):
      continue
    statistics = cell(by_seed(record, when, name).values())
    if statistics.n and math.isfinite(statistics.mean):
      found[name] = statistics
  return found
