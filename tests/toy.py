"""Toy domains for tests: moons and turned moons, the example of the DANN paper; and how to run on them."""

import shutil
from pathlib import Path
from unittest import mock

import numpy as np

from adapt import catalogue, methods
from adapt.data import Domain, Split, label_sets
from adapt.data.label_sets import ClassSets
from adapt.experiments.experiment import Request, traits
from adapt.experiments.run import run
from adapt.experiments.suite import Suite, Task
from adapt.training import checkpoint, task_data
from adapt.training.loop import Report
from adapt.training.settings import Settings


def moons(n: int, degrees: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Two interleaved half circles [n, 2], rotated about their centre (Ganin et al., 2016, §5.1.1)."""
  rng = np.random.default_rng(seed)
  y = (np.arange(n) % 2).astype(np.int32)
  angle = rng.uniform(0, np.pi, n)
  upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
  lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
  x = np.where(y[:, None] == 0, upper, lower) - [0.5, 0.25] + rng.normal(0, 0.08, (n, 2))
  turn = np.deg2rad(degrees)
  x = x @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
  return (2 * x).astype(np.float32), y


def blobs(n: int, degrees: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Eight clouds [n, 8], one along each axis; axis c turned towards axis c + 4, and that away from c."""
  rng = np.random.default_rng(seed)
  y = (np.arange(n) % 8).astype(np.int32)
  x = 2.5 * np.eye(8)[y] + rng.normal(0, 0.3, (n, 8))
  turn = np.deg2rad(degrees)
  other = np.roll(np.eye(8), 4, axis=1) * np.repeat([1, -1], 4)[:, None]
  return (x @ (np.cos(turn) * np.eye(8) + np.sin(turn) * other)).astype(np.float32), y


def domain(name: str, degrees: float) -> Domain:
  """Moons at an angle: 320 training and 400 test points."""
  seed = sum(map(ord, name))
  train, test = moons(320, degrees, seed), moons(400, degrees, seed + 1)
  return Domain(name, Split(*train), Split(*test), ("upper", "lower"))


MOONS, TURNED, TILTED = domain("moons", 0), domain("turned", 35), domain("tilted", -25)
BLOBS = Domain("blobs", *(Split(*blobs(n, 0, n)) for n in (640, 400)), tuple("abcdefgh"))
FAR = Domain("far", *(Split(*blobs(n, 42, n + 1)) for n in (640, 400)), tuple("abcdefgh"))
NEAR = Domain("near", *(Split(*blobs(n, -10, n + 7)) for n in (640, 400)), tuple("abcdefgh"))
SHIFTED = Domain(
  "shifted",
  *(
    Split(x + np.float32([1.3, -1.3, 0, 0, 1.3, 0, 0, 0]), y)
    for x, y in (blobs(n, 0, n + 1) for n in (640, 400))
  ),
  tuple("abcdefgh"),
)
MOVED = Domain("moved", *(Split(*blobs(n, 40, n + 1)) for n in (640, 400)), tuple("abcdefgh"))
TASK = Task("moons_turned", ("moons",), "turned")
SEVERAL = Task("moons_tilted_turned", ("moons", "tilted"), "turned")
PARTIAL = Task("blobs_partial", ("blobs",), "moved", ClassSets(2, 6))
OPEN = Task("blobs_open", ("blobs",), "moved", ClassSets(4, 0, 4))
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


# Small critics and memories, and weights at which a method has something to say on moons, or does
# not drown the labels (cmd, afn).
GIVEN: dict[str, dict] = {
  "dann": {"width": 32, "depth": 1},
  "coral": {"layer": "features", "weight": 300.0},
  "cmd": {"weight": 0.1},
  "homm": {"weight": 1e5},
  "entropy": {"weight": 1.0},
  "mcc": {"temperature": 1.0},
  "afn": {"weight": 0.003},
  "atdoc": {"memory": 256},
  "aad": {"memory": 256, "weight": 0.1},
  "nrc": {"memory": 256, "weight": 0.1},
  "deepjdot": {"feature": 0.01, "label": 0.3},
  "fixmatch": {"threshold": 0.8},
  "mean_teacher": {"noise": 0.3},
  "otda": {"epsilon": 0.02},
  "cdan": {"width": 32, "depth": 1},
  "bsp": {"width": 32, "depth": 1},
  "mdd": {"weight": 20.0, "margin": 0.5},
  "mcd": {"weight": 0.3, "inner": 2},
  "wdgrl": {"width": 32, "penalty": 0.3, "inner": 3},
  "adda": {"width": 32, "depth": 1, "weight": 0.03},
  "mdan": {"width": 32, "depth": 1},
  "m3sda": {"weight": 0.1},
  "vrex": {"weight": 100.0},
  "irm": {"weight": 1.0},
  "vada": {"width": 32, "radius": 1.0},
  "pada": {"width": 32, "depth": 1, "decay": 0.9},
  "iwan": {"width": 32, "depth": 1, "weight": 1.0, "ramp": 10.0},
  "dance": {"memory": 128},
  "dirt_t": {"width": 32, "radius": 1.0, "share": 0.75, "trust": 0.1, "average": 0.99},
}

# How far apart, in their parameters' length, layouts may be after 20 steps where it is not 1e-5:
# entropy at a temperature of 0.05 amplifies rounding.
AMPLIFIED = {"mme": 1e-4}

# Methods that say nothing to an MLP, as they live in normalisation layers.
NETWORKS = dict.fromkeys(("adabn", "dsbn", "tent"), "normed")
catalogue.add_folder("adapt.models", str(Path(__file__).parent / "networks"))


# Critics and adversaries without normalisation do not bear the others' learning rate.
RATES = dict.fromkeys(("mdd", "wdgrl"), 0.01)
# The penalty's curvature grows with the logits.
RATES["irm"] = 0.03


def request(method: str, **changes) -> Request:
  """A request on the method's task, three seeds; changes of settings or of the request by name."""
  settings = {k: v for k, v in changes.items() if k in Settings._fields}
  others = {k: v for k, v in changes.items() if k not in settings}
  others.setdefault("given", GIVEN.get(method, {}))
  settings.setdefault("model", NETWORKS.get(method, SETTINGS.model))
  settings.setdefault("lr", RATES.get(method, SETTINGS.lr))
  others.setdefault("task", task_of(method))
  asked = Request(SUITE, TASK, method, SETTINGS._replace(**settings), (0, 1, 2))
  return asked._replace(**others)


def task_of(method: str) -> Task:
  """The toy task that a method is tested on, by its traits."""
  if method not in methods.names():
    return TASK  # a test asks for what there is not
  kind = traits(method, {})
  if "closed" not in kind.serves:
    return OPEN
  return SEVERAL if kind.sources > 1 else TASK


def material_of(asked: Request) -> task_data.Material:
  """The data of a request as a run takes it, without the checks."""
  source, target = [load(name) for name in asked.task.source], load(asked.task.target)
  if sets := asked.task.classes:
    source, target = label_sets.restricted(source, target, sets)
  return task_data.Material(tuple(source), target, asked.settings, {})


def load(name: str) -> Domain:
  """The toy domain of that name."""
  return {d.name: d for d in (MOONS, TURNED, TILTED, BLOBS, NEAR, FAR, SHIFTED, MOVED)}[name]


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


def interrupted(asked: Request, out: Path, *steps: int) -> list[dict]:
  """The records of a run that crashes at each of the steps, and is called again each time."""
  for step in steps:
    try:
      run(asked, out, domains=load, report=crash_at(step), minutes=0)
    except Crash:
      continue
    raise AssertionError(f"nothing was left to do at step {step}")
  return run(asked, out, domains=load, minutes=0).records


def whole_and_continued(asked: Request, out: Path, step: int) -> tuple[list[dict], list[dict]]:
  """The records of a run, and of what another makes of the files that were there at that step."""
  save = checkpoint.Checkpoints.save

  def saved(self, mapped, past, seconds):
    save(self, mapped, past, seconds)
    if past.steps[-1] == step:
      assert self.finish() == step
      shutil.copytree(out / "whole", out / "continued", dirs_exist_ok=True)

  with mock.patch.object(checkpoint.Checkpoints, "save", saved):
    whole = run(asked, out / "whole", domains=load, minutes=0).records
  seen = []
  report = lambda done, *_: seen.append(done)
  continued = run(asked, out / "continued", domains=load, report=report, minutes=0).records
  assert min(seen) > step, "it began anew"
  return whole, continued
