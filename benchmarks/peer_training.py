"""Cases of the benchmark of peers that train: DANN on a suite's tasks, from the shell to accuracies."""

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt import data
from adapt.experiments.resolve import resolve
from adapt.experiments.suite import Suite, Task
from benchmarks import amazon_reviews, digits, peer_process, peer_runs
from benchmarks.contender import ROOT, Work
from benchmarks.peer_runs import Arrays, Asked

OURS = "ours"
# Name: environment and module of its process. A peer's own name is in that module's PEERS.
PEERS = {
  "skada": ("torch", "benchmarks.peer_torch"),
  "pytorch-adapt": ("torch", "benchmarks.peer_torch"),
  "TLlib": ("torch", "benchmarks.peer_torch"),
  "ADAPT": ("tensorflow", "benchmarks.peer_tensorflow"),
}


class Workload(NamedTuple):
  """A suite's tasks and as many seeds."""

  suite: Suite
  tasks: tuple[Task, ...]
  seeds: int
  work: Work

  @property
  def runs(self) -> tuple[tuple[str, int], ...]:
    """All of them, every task before the next seed, so that the first few are of many tasks."""
    return tuple((task.name, seed) for seed in range(self.seeds) for task in self.tasks)


class Turn(NamedTuple):
  """What one side did in a round."""

  one: float  # seconds from its start to the accuracy of one run
  every: float  # and to those of all
  accuracies: Mapping[tuple[str, int], float]
  foreign: list[float | None]
  again: float | None = None  # seconds of one run whose programs are compiled already
  versions: Mapping[str, str] = {}


def workload(name: str, pairs: int | None, seeds: int | None, steps: int | None) -> Workload:
  """The workload of that name, or less of it."""
  suite, chosen, usual = {
    "amazon": (amazon_reviews.SUITE, tuple(t.name for t in amazon_reviews.SUITE.tasks), 5),
    "digits": (digits.SUITE, ("mnist_usps", "usps_mnist"), 3),
  }[name]
  tasks = tuple(t for t in suite.tasks if t.name in chosen)[:pairs]
  return Workload(suite, tasks, seeds or usual, _work(suite, tasks[0], steps))


def _work(suite: Suite, task: Task, steps: int | None) -> Work:
  """The suite's settings, as either side is told them."""
  experiment = resolve(suite, task, "dann")
  settings, given = experiment.settings, experiment.points[0].hyperparameters
  like = data.load(task.target)
  return Work(
    model=settings.model,
    shape=tuple(like.train.x.shape[1:]),
    classes=len(like.classes),
    batch=settings.batch_size,
    lr=settings.lr,
    weight_decay=settings.weight_decay,
    run=steps or settings.steps,
    **{name: given[name] for name in ("weight", "ramp", "depth", "width")},
  )


def export(load: Workload, folder: Path) -> None:
  """Writes every task's arrays where peers read them."""
  for task in load.tasks:
    source, target = data.load_together([*task.source, task.target])
    test = target.test
    every = (source.train.x, source.train.y, target.train.x, test.x, test.y)
    peer_runs.save(folder, task.name, Arrays(*map(np.asarray, every)))


def ours(load: Workload) -> Turn:
  """Our side: a command for one run and one for all, each with nothing compiled before.

  The command for one run is then given again, as the cache of compiled programs is there by then.
  """
  with tempfile.TemporaryDirectory() as cache:
    one, first = _command(load, load.tasks[:1], 1, cache)
    again, _ = _command(load, load.tasks[:1], 1, cache)
  others = [one.foreign, again.foreign]
  if len(load.runs) == 1:
    return Turn(one.seconds, one.seconds, first, others, again.seconds)
  with tempfile.TemporaryDirectory() as cache:
    every, accuracies = _command(load, load.tasks, load.seeds, cache)
  return Turn(one.seconds, every.seconds, accuracies, [*others, every.foreign], again.seconds)


def _command(
  load: Workload, tasks: Sequence[Task], seeds: int, cache: str
) -> tuple[peer_process.Watched, dict[tuple[str, int], float]]:
  """`adapt bench`, evaluated once as the peers are, and the accuracies of its records."""
  accuracies: dict[tuple[str, int], float] = {}
  with tempfile.TemporaryDirectory() as out:
    flags = {"--seeds": seeds, "--steps": load.work.run, "--evaluations": 1, "--out": out}
    command = [sys.executable, "-m", "adapt", "bench", load.suite.name, "dann", "--batch-tasks"]
    command += [str(word) for flag in flags.items() for word in flag]
    command += ["--task", *(task.name for task in tasks)]
    variables = {**os.environ, "XDG_CACHE_HOME": cache}
    variables.pop("JAX_COMPILATION_CACHE_DIR", None)
    made = peer_process.watched(command, variables, ROOT, listens=False)
    for file in Path(out).glob("*/*/*.json"):
      record = json.loads(file.read_text("utf-8"))
      found = zip(record["config"]["seeds"], record["last"]["accuracy"], strict=True)
      accuracies |= {(record["task"], seed): accuracy for seed, accuracy in found}
  return made, accuracies


def theirs(
  name: str, load: Workload, environments: Path, folder: Path, runs: int | None = None
) -> Turn:
  """A peer's side: one process, run after run; `runs`, if not all."""
  environment, module = PEERS[name]
  asked = Asked(load.work, load.runs[:runs], str(folder))
  python = peer_process.found(environments, environment)
  command = [python, "-m", module, name, peer_runs.told(asked)]
  made = peer_process.watched(command, peer_process.peer_environment(), folder)
  (ready, about), *rest = made.said
  stamps = [seconds for seconds, _ in rest]
  return Turn(
    stamps[0],
    whole(ready, stamps, load.runs),
    {(said["task"], said["seed"]): said["accuracy"] for _, said in rest},
    [made.foreign],
    versions=about["versions"],
  )


def whole(ready: float, stamps: Sequence[float], runs: Sequence[tuple[str, int]]) -> float:
  """Seconds of all runs, of which the first few were made.

  Each that was not takes as long as those of its task on average, or as all where there is none.

  Args:
    ready: when imports were done.
    stamps: when each run that was made had its accuracy.
    runs: task and seed of all.
  """
  taken = [b - a for a, b in zip([ready, *stamps], stamps, strict=False)]
  by_task: dict[str, list[float]] = {}
  for seconds, (task, _) in zip(taken, runs, strict=False):
    by_task.setdefault(task, []).append(seconds)
  missing = runs[len(stamps) :]
  return stamps[-1] + sum(statistics.mean(by_task.get(task, taken)) for task, _ in missing)


def reached(accuracies: Mapping[tuple[str, int], float]) -> dict[str, Any]:
  """Mean accuracy over runs, and the deviation over seeds of their means over tasks."""
  tasks = {task for task, _ in accuracies}
  seeds = sorted({seed for _, seed in accuracies})
  means = [
    statistics.mean(accuracies[task, seed] for task in tasks)
    for seed in seeds
    if all((task, seed) in accuracies for task in tasks)
  ]
  return {
    "mean": statistics.mean(accuracies.values()),
    "std": statistics.stdev(means) if len(means) > 1 else None,
    "each": [[*run, accuracy] for run, accuracy in sorted(accuracies.items())],
  }
