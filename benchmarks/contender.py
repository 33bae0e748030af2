"""Contenders of the speed benchmark: processes that train when they are told to, one at a time.

Each side of a comparison is a process of its own, so that memory, threads and compilation are its
own; the others wait for a line meanwhile.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks import machine

ROOT = Path(__file__).resolve().parent.parent


class Work(NamedTuple):
  """What is trained, on random data; the same for either side.

  Attributes:
    method: one of torch_methods.WAYS.
    model: one of torch_nets.MODELS.
    shape: of an input; images are uint8, vectors and series [t, c, 1] float32.
    classes: how many.
    examples: of each domain, training and test.
    batch: source examples a step, and as many target examples where the method reads them.
    precision: f32 or bf16.
    optimizer: sgd, with Nesterov momentum 0.9, or adam.
    lr: initial learning rate.
    weight_decay: of all parameters.
    weight: λ of dann and cdan.
    ramp: steepness of its growth.
    depth: hidden layers of their critic, and of mcd's classifiers.
    width: of those.
    sparse: whether 98 % of a vector are zeros.
    run: steps of a whole run, for schedules.
    seeds: in one program; our side only.
    kind: "sharding", "pmap", or "plain", a jitted scan by hand; our side only.
    devices: how many; our side only.
    feed: how inputs reach the step; our side only. "device" leaves vectors dense.
  """

  method: str = "dann"
  model: str = "lenet"
  shape: tuple[int, ...] = (28, 28, 1)
  classes: int = 10
  examples: int = 10000
  batch: int = 64
  precision: str = "f32"
  optimizer: str = "sgd"
  lr: float = 0.1
  weight_decay: float = 0.001
  weight: float = 1.0
  ramp: float = 10.0
  depth: int = 2
  width: int = 1024
  sparse: bool = False
  run: int = 2000
  seeds: int = 1
  kind: str = "sharding"
  devices: int = 1
  feed: str = "auto"

  @property
  def images(self) -> int:
    """Examples that a step reads, all seeds together."""
    return self.seeds * self.batch * (1 if self.method == "source_only" else 2)

  @property
  def series(self) -> bool:
    """Whether inputs are series."""
    return self.model in ("cnn1d", "gru")

  @property
  def pixels(self) -> bool:
    """Whether each pixel of an image has a class."""
    return self.model == "unet_bn"


def examples(work: Work, seed: int) -> tuple[np.ndarray, np.ndarray]:
  """Random inputs [n, ...] of a domain, and labels of which each class has as many."""
  n, rng = work.examples, np.random.default_rng(seed)
  labels = np.arange(n) % work.classes
  if work.pixels:
    return _levels(rng, (n, *work.shape)), rng.integers(0, work.classes, (n, *work.shape[:2]))
  if work.series or (len(work.shape) == 1 and not work.sparse):
    return rng.standard_normal((n, *work.shape), np.float32), labels
  if work.sparse:
    return rng.poisson(0.02, (n, *work.shape)).astype(np.float32), labels
  return _levels(rng, (n, *work.shape)), labels


def _levels(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
  return rng.integers(0, 255, shape).astype(np.uint8)


Handlers = Mapping[str, Callable[..., Any]]


def serve(start: Callable[[Work], Handlers]) -> None:
  """The contender's side: answers each line of stdin, [name, arguments], until there is no more.

  Args:
    start: what is told the work, the first argument of this process, and makes the handlers.
  """
  answers = os.fdopen(os.dup(1), "w")
  os.dup2(2, 1)  # what libraries print must not pass for an answer
  values = json.loads(sys.argv[1])
  handlers = start(Work(**{**values, "shape": tuple(values["shape"])}))
  print(json.dumps([None, 0.0, None]), file=answers, flush=True)
  for line in sys.stdin:
    name, arguments = json.loads(line)
    before = machine.usage()
    result = handlers[name](**arguments)
    after = machine.usage()
    answer = [result, after.wall - before.wall, machine.foreign(before, after)]
    print(json.dumps(answer), file=answers, flush=True)


class Failed(Exception):
  """A contender has ended; its last words."""


class Answer(NamedTuple):
  """What a contender says to a line."""

  result: Any
  seconds: float
  foreign: float | None  # cores that others kept busy meanwhile


class Contender:
  """A process that does one side's work when told to."""

  def __init__(self, module: str, work: Work, environment: Mapping[str, str] | None = None) -> None:
    """Starts it and waits until it has imported what it needs, which takes `self.start` seconds."""
    began = time.perf_counter()
    self._words = tempfile.TemporaryFile()  # noqa: SIM115
    self._process = subprocess.Popen(
      [sys.executable, "-m", module, json.dumps(work._asdict())],
      stdin=subprocess.PIPE,
      stdout=subprocess.PIPE,
      stderr=self._words,
      cwd=ROOT,
      env={**os.environ, **_environment(work), **(environment or {})},
    )
    try:
      self._read()
    except BaseException:
      self.close()
      raise
    self.start = time.perf_counter() - began

  def ask(self, name: str, **arguments: Any) -> Answer:
    """Has it do something; Failed if it ends instead."""
    assert self._process.stdin
    try:
      self._process.stdin.write((json.dumps([name, arguments]) + "\n").encode())
      self._process.stdin.flush()
    except BrokenPipeError:
      pass  # it has ended, which reading will tell
    return self._read()

  def _read(self) -> Answer:
    assert self._process.stdout
    line = self._process.stdout.readline()
    if not line:
      self._process.wait()
      self._words.seek(0)
      words = self._words.read().decode(errors="replace").strip().splitlines()
      raise Failed(words[-1] if words else f"it ended with {self._process.returncode}")
    return Answer(*json.loads(line))

  def close(self) -> None:
    """Ends it."""
    assert self._process.stdin and self._process.stdout
    self._process.kill()
    self._process.wait()
    self._process.stdin.close()
    self._process.stdout.close()
    self._words.close()


def _environment(work: Work) -> dict[str, str]:
  """Several contenders share an accelerator's memory, and their first steps are compared cold."""
  shared = {"XLA_PYTHON_CLIENT_PREALLOCATE": "false", "JAX_ENABLE_COMPILATION_CACHE": "false"}
  return {**shared, "JAX_NUM_CPU_DEVICES": str(work.devices)}
