"""What a step of each method costs, relative to a step of source_only: LeNet, 28×28×1, 64 + 64 images.

    python -m benchmarks.method_cost [METHOD …] [--out results/methods/cost.json]

Random images, one seed, one device. Each round times a few steps of the method and as many of
source_only, one after the other; the ratio's median over the rounds is reported with its range.
"""

import argparse
import functools
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from adapt import methods
from adapt.cli.command import guarded
from adapt.data import Domain, Split
from adapt.data.label_sets import ClassSets
from adapt.experiments.experiment import Experiment
from adapt.experiments.resolve import resolve
from adapt.experiments.suite import Suite, Task
from adapt.records import record
from adapt.training import loop
from adapt.training.joint_tasks import Part
from adapt.training.settings import Settings
from adapt.training.task_data import unchecked

SETTINGS = Settings(model="lenet", steps=10000, batch_size=64, lr=0.01, evaluations=1, shots=10)
CLASSES = 10


def domain(
  name: str, shape: tuple[int, ...] = (28, 28, 1), examples: int = 640, classes: int = CLASSES
) -> Domain:
  """Random images, or for a shape (d,) random counts of words; each class has as many."""
  rng = np.random.default_rng(len(name))
  if len(shape) > 1:
    x = rng.integers(0, 255, (examples, *shape)).astype(np.uint8)
  else:
    x = rng.poisson(0.02, (examples, *shape)).astype(np.float32)
  split = Split(x, (np.arange(examples) % classes).astype(np.int32))
  return Domain(name, split, split, tuple(map(str, range(classes))))


class Training:
  """What `adapt run` trains, on the device, to be taken as many steps further as asked."""

  def __init__(self, experiment: Experiment, made: Callable[[str], Domain]) -> None:
    self.experiment, task = experiment, experiment.task
    sources = [made(name) for name in task.source]
    self.data = unchecked(experiment.setup, sources, made(task.target))
    parts = [Part(experiment.setup, experiment.points, self.data)]
    self.cells = loop.program_of(parts)
    self.mapped, self.arrays, self._fed = loop.placed(parts, self.cells)

  def advance(self, length: int) -> None:
    """Takes so many steps, and waits for them."""
    self.mapped, metrics = self._fed.advance(self.mapped, length)
    jax.block_until_ready((self.mapped.ts.params, metrics))


def lowered_step(whole: Training, mapped: Any) -> Any:
  """The lowered program of one step of these cells, without the drawing of its batch."""
  rows = jax.eval_shape(whole.cells.rows(1), mapped, whole.arrays)
  piece: Any = whole.cells.piece(1)
  return piece.lower((mapped, rows), (whole.arrays, jnp.zeros(2, jnp.int32)))


def stepper(name: str, length: int) -> Callable[[], None]:
  """A function that takes `length` steps of a method and waits for them."""
  kind = methods.traits(name)
  sources = tuple(f"source{'s' * i}" for i in range(kind.sources))
  relation = None if "closed" in kind.serves else ClassSets(CLASSES, 0, 1)
  task = Task("random", sources, "target", relation)
  experiment = resolve(Suite("cost", (task,), SETTINGS, ""), task, name)
  return functools.partial(Training(experiment, domain).advance, length)


def ratios(name: str, base: Callable[[], None], length: int, rounds: int) -> list[float]:
  """Seconds of a method's steps over those of the base's, per round."""
  mine = stepper(name, length)
  mine()  # compiles
  base()
  found = []
  for _ in range(rounds):
    taken = []
    for run in (mine, base):
      began = time.perf_counter()
      run()
      taken.append(time.perf_counter() - began)
    found.append(taken[0] / taken[1])
  return found


def main(argv: Sequence[str] | None = None) -> int:
  """Measures, prints and records; returns the exit code."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
  parser.add_argument("methods", nargs="*", metavar="METHOD", help="default: all")
  parser.add_argument("--steps", type=int, default=10, help="steps a round")
  parser.add_argument("--rounds", type=int, default=7)
  parser.add_argument("--out", type=Path, default=Path("results/methods/cost.json"))
  args = parser.parse_args(argv)

  def measure() -> int:
    names = args.methods or methods.names()
    kept = json.loads(args.out.read_text("utf-8")) if args.out.exists() else {}
    base, console = stepper("source_only", args.steps), Console()
    for name in names:
      each = ratios(name, base, args.steps, args.rounds)
      middle = statistics.median(each)
      console.print(f"{name:28} {middle:5.2f}  ({min(each):.2f}–{max(each):.2f})")
      kept[name] = {"ratio": middle, "least": min(each), "most": max(each)}
      kept[name]["environment"] = record.environment()
      args.out.parent.mkdir(parents=True, exist_ok=True)
      args.out.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0

  return guarded(measure)


if __name__ == "__main__":
  sys.exit(main())
