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

from benchmarks import machine

ROOT = Path(__file__).resolve().parent.parent


class Work(NamedTuple):
  """What is trained, on random data; the same for either side.

  Attributes:
    method: source_only or dann.
    model: lenet, mlp, resnet50 or efficientnet_lite0.
    shape: of an input; images are uint8, vectors float32.
    classes: how many.
    examples: of each domain, training and test.
    batch: source examples a step, and as many target examples where the method reads them.
    precision: f32 or bf16.
    lr: initial learning rate of SGD with Nesterov momentum 0.9.
    weight_decay: of all parameters.
    weight: λ of dann.
    ramp: steepness of its growth.
    depth: hidden layers of its critic.
    width: of those.
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
  lr: float = 0.1
  weight_decay: float = 0.001
  weight: float = 1.0
  ramp: float = 10.0
  depth: int = 2
  width: int = 1024
  run: int = 2000
  seeds: int = 1
  kind: str = "sharding"
  devices: int = 1
  feed: str = "auto"

  @property
  def images(self) -> int:
    """Examples that a step reads, all seeds together."""
    return self.seeds * self.batch * (1 if self.method == "source_only" else 2)


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
