"""Toy domains for tests: moons and turned moons, the example of the DANN paper; and how to run on them."""

import contextlib
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from declared import declared

from adapt import catalogue, methods
from adapt.data import Domain, Split
from adapt.data.label_sets import ClassSets
from adapt.data.toy import blobs, blobs_domain, named
from adapt.data.toy import moons_domain as domain  # noqa: F401
from adapt.evaluation.metrics import Blocks
from adapt.experiments.experiment import Experiment
from adapt.experiments.resolve import resolve
from adapt.experiments.run import run
from adapt.experiments.suite import Suite, Task
from adapt.training import arrays as inputs
from adapt.training import checkpoint, evaluation, loop, probe, task_data
from adapt.training.joint_tasks import Part
from adapt.training.loop import Report
from adapt.training.pytree_io import digest
from adapt.training.settings import Settings

MOONS, TURNED, TILTED = named("moons"), named("turned"), named("tilted")
BLOBS = blobs_domain("blobs", 0, 0)
FAR = blobs_domain("far", 42, 1)
NEAR = blobs_domain("near", -10, 7)
SHIFTED = Domain(
  "shifted",
  *(
    Split(x + np.float32([1.3, -1.3, 0, 0, 1.3, 0, 0, 0]), y)
    for x, y in (blobs(n, 0, n + 1) for n in (640, 400))
  ),
  tuple("abcdefgh"),
)
MOVED = blobs_domain("moved", 40, 1)
TASK = Task("moons_turned", ("moons",), "turned")
SEVERAL = Task("moons_tilted_turned", ("moons", "tilted"), "turned")
PARTIAL = Task("blobs_partial", ("blobs",), "moved", ClassSets(2, 6))
OPEN = Task("blobs_open", ("blobs",), "moved", ClassSets(4, 0, 4))
TASKS = {"blobs_shifted": Task("blobs_shifted", ("blobs",), "shifted")}
UNIVERSAL = Task("blobs_universal", ("blobs",), "moved", ClassSets(4, 2, 2))
SETTINGS = Settings(
  model="mlp",
  steps=800,
  batch_size=32,
  lr=0.1,
  weight_decay=0.0,
  schedule="constant",
  evaluations=4,
  shots=10,
)
SUITE = Suite("toy", (TASK, SEVERAL), SETTINGS, "moons to turned moons")


def write_pair(folder: Path) -> None:
  """moons.npz and turned.npz, as a user has files."""
  for d in (MOONS, TURNED):
    write(folder, d)


def write(folder: Path, d: Domain) -> None:
  """A domain as a file of its name."""
  np.savez(folder / f"{d.name}.npz", x=d.train.x, y=d.train.y, x_test=d.test.x, y_test=d.test.y)


catalogue.add_folder("adapt.models", str(Path(__file__).parent / "networks"))


class Needs(NamedTuple):
  """What a method needs on the toy problem: the `TOY` of its test file, a dict of these by name.

  `given` are its hyper-parameters: small critics and memories, and weights at which the method has
  something to say on moons.
  """

  given: dict[str, Any]
  model: str = SETTINGS.model  # "normed" for methods that live in normalisation layers
  lr: float = SETTINGS.lr
  # Points of accuracy by which it beats source_only on turned moons. Without a margin it must not
  # fall behind by more than two points.
  margin: float | None = None
  null_margin: float | None = None  # over its null control, where that is another
  null: bool = True  # whether `weight` is a term to switch off
  falls: bool = True  # whether its loss falls as it learns
  steps: int = 480  # of its contract; more where the gain takes them
  optimised: bool = False  # whether to compile with optimisation, as its steps are slow without
  # How far apart, in their parameters' length, layouts may be after 20 steps.
  amplified: float = 1e-5
  layouts: dict[str, Any] | None = None  # hyper-parameters of the tests of layouts, if others
  layouts_batch: int = 16  # examples of each domain there
  layouts_task: str | None = None  # a key of TASKS, where moons make numbers of rounding alone


def needs(method: str) -> Needs:
  """What the method's own test file declares in `TOY`."""
  return Needs(**{"given": {}, **declared("methods", method, "TOY", {})})


def experiment(method: str, **changes) -> Experiment:
  """The method on its task, three seeds; changes of settings or of the experiment by name."""
  settings = {k: v for k, v in changes.items() if k in Settings._fields}
  others = {k: v for k, v in changes.items() if k not in settings}
  own = needs(method)
  others.setdefault("given", own.given)
  settings.setdefault("model", own.model)
  settings.setdefault("lr", own.lr)
  task, seeds = others.pop("task", None) or task_of(method), others.pop("seeds", (0, 1, 2))
  own = SETTINGS._replace(**settings)
  suite = others.pop("suite", SUITE)._replace(settings=own)  # so that no label says them
  return resolve(suite, task, method, own, seeds, **others)


@contextlib.contextmanager
def few_shown() -> Iterator[None]:
  """Models are scored on 64 examples of each domain, not 500, where no test asks which or how well."""
  with mock.patch.object(probe, "SHOWN", 64), mock.patch.object(evaluation, "_POINTS", 64):
    yield


def task_of(method: str) -> Task:
  """The toy task that a method is tested on, by its traits."""
  if method not in methods.names():
    return TASK  # a test asks for what there is not
  kind = methods.traits(method)
  if "closed" not in kind.serves:
    return OPEN
  return SEVERAL if kind.sources > 1 else TASK


def data_of(experiment: Experiment) -> task_data.TaskData:
  """The data of an experiment as a run takes it, without the checks."""
  sources = [load(name) for name in experiment.task.source]
  target = load(experiment.task.target)
  return task_data.unchecked(experiment.setup, sources, target, experiment.task.classes)


def load(name: str) -> Domain:
  """The toy domain of that name."""
  return {d.name: d for d in (MOONS, TURNED, TILTED, BLOBS, NEAR, FAR, SHIFTED, MOVED)}[name]


def few(name: str) -> Domain:
  """The first 64 examples of each split, where evaluations of many cells would take the time."""
  d = load(name)
  train, test = (Split(s.x[:64], s.y[:64]) for s in (d.train, d.test))
  return d._replace(train=train, test=test)


def assert_same_numbers(ours: dict, theirs: dict) -> None:
  """That two records differ in nothing but when, how fast and by what command they were made."""
  own = ("seconds", "images_per_second", "prediction_ms_per_1000", "date", "command")
  ours, theirs = ({k: v for k, v in r.items() if k not in own} for r in (ours, theirs))
  assert ours == theirs


class Crash(Exception):
  """What no code of ours expects."""


def crash_at(step: int) -> Report:
  """A report that crashes once that many steps are done."""

  def report(done: int, *_: float | None) -> None:
    if done == step:
      raise Crash

  return report


def interrupted(asked: Experiment, out: Path, *steps: int) -> list[dict]:
  """The records of a run that crashes at each of the steps, and is called again each time."""
  for step in steps:
    try:
      run(asked, out, domains=load, report=crash_at(step), minutes=0)
    except Crash:
      continue
    raise AssertionError(f"nothing was left to do at step {step}")
  return run(asked, out, domains=load, minutes=0).records


def digest_at(part: Part, step: int, evaluations: int, report: Report | None) -> str:
  """Digest of the parameters after so many steps, evaluated so often on the way.

  Without a report an evaluation is of the target's training examples alone, and validators are given
  nothing: that takes most of its time.

  The run has as many steps in all as before, and draws batches for as many at once, so that the
  program of its part serves.
  """
  own = part.setup.settings
  lengths, room = [step // evaluations] * evaluations, own.steps // own.evaluations
  with (
    mock.patch.object(loop, "_lengths", return_value=lengths),
    mock.patch.object(loop, "_room", return_value=room),
    mock.patch.object(evaluation, "ends", return_value=({}, [])),  # what is made once it is trained
    contextlib.nullcontext() if report else _hardly_evaluated(),
  ):
    [trained] = loop.train([part], report or (lambda *_: None))
  assert len(trained.past.steps) == evaluations and trained.past.steps[-1] == step
  ts = trained.mapped.ts
  return digest({"params": ts.params, "stats": ts.state["stats"]})


@contextlib.contextmanager
def _hardly_evaluated() -> Iterator[None]:
  """Evaluations of one view, without validators."""
  views_of = inputs.views_of

  def one(*told: Any) -> dict[str, Blocks]:
    return {"target_train": views_of(*told)["target_train"]}

  with (
    mock.patch.object(inputs, "views_of", one),
    mock.patch.object(evaluation, "_probed", return_value={}),
  ):
    yield


def whole_and_continued(asked: Experiment, out: Path, step: int) -> tuple[list[dict], list[dict]]:
  """The records of a run, and of what another makes of the files that were there at that step."""
  save = checkpoint.Checkpoints.save

  def saved(self, mapped, past, seconds):
    if past.steps[-1] == step:
      save(self, mapped, past, seconds)
      assert self.finish() == step
      shutil.copytree(out / "whole", out / "continued", dirs_exist_ok=True)

  with mock.patch.object(checkpoint.Checkpoints, "save", saved):
    whole = run(asked, out / "whole", domains=load, minutes=0).records
  seen = []
  report = lambda done, *_: seen.append(done)
  continued = run(asked, out / "continued", domains=load, report=report, minutes=math.inf).records
  assert min(seen) > step, "it began anew"
  return whole, continued
