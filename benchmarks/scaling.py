"""How memory and arithmetic of a step grow with the batch, the classes, the examples and the seeds.

    python -m benchmarks.scaling [--out results/speed/scaling.json]

Nothing is timed: bytes are what the compiled program sets aside beside its arguments, operations
what XLA counts, so the numbers do not depend on what else the machine does. Only evaluation is run,
and what it adds to the process's memory is measured.
"""

import functools
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from adapt.cli.command import Parser, guarded
from adapt.data import Domain, atomic_files
from adapt.evaluation import metrics
from adapt.experiments.resolve import resolve
from adapt.experiments.suite import Suite, Task
from adapt.records import record
from adapt.training.settings import Settings
from benchmarks import machine
from benchmarks.method_cost import Training, domain, lowered_step

WIDTH, FEATURES = 64, 100  # numbers an example has, and what the network makes of them


class Axis(NamedTuple):
  """What grows, and which methods might not bear it."""

  name: str
  sizes: tuple[int, ...]
  methods: tuple[str, ...]


AXES = (
  Axis(
    "batch",
    (128, 512, 2048),
    ("source_only", "dann", "coral", "dan", "jan", "cmd", "homm", "swd", "deepjdot", "mcc", "bnm"),
  ),
  Axis(
    "classes", (10, 65, 345), ("source_only", "cdan", "mdd", "mcd", "jan", "dsan", "mcc", "mme")
  ),
  Axis("examples", (2000, 8000, 32000), ("source_only", "shot", "nrc", "aad", "atdoc", "otda")),
  Axis("seeds", (1, 4, 16), ("source_only", "dann")),
)
EVALUATED = (10_000, 100_000, 1_000_000)


class Cost(NamedTuple):
  """Of one step."""

  temporary: int  # bytes beside the arguments
  state: int  # bytes of parameters, optimiser and the method's own state
  operations: float  # of one seed


def training(method: str, **changed: int) -> Training:
  """The method on a small network, small in everything but what is changed."""
  sizes = {"batch": 64, "classes": 10, "examples": 4096, "seeds": 1} | changed
  settings = Settings(
    model="mlp", steps=1000, batch_size=sizes["batch"], lr=0.01, evaluations=1, shots=1
  )
  task = Task("random", ("source",), "target")
  seeds = tuple(range(sizes["seeds"]))
  experiment = resolve(Suite("scaling", (task,), settings, ""), task, method, seeds=seeds)
  examples = max(sizes["examples"], 2 * sizes["batch"])
  return Training(
    experiment, functools.partial(_domain, examples=examples, classes=sizes["classes"])
  )


def cost(method: str, axis: str, size: int) -> Cost:
  """What a method's step takes where one thing is of this size and the rest small."""
  whole = training(method, **{axis: size})
  lowered = lowered_step(whole, whole.mapped)
  leaves = jax.tree.leaves(whole.mapped.ts._replace(key=whole.mapped.ts.step))
  return Cost(
    int(lowered.compile().memory_analysis().temp_size_in_bytes),
    sum(leaf.nbytes for leaf in leaves),
    float(lowered.cost_analysis()["flops"]),
  )


@functools.lru_cache(maxsize=4)
def _domain(name: str, examples: int, classes: int) -> Domain:
  return domain(name, (WIDTH,), examples, classes)


def growth(sizes: Sequence[int], found: Sequence[float]) -> float | None:
  """The power of the size with which a number grows, between the two largest sizes."""
  (_, small, large), (_, before, after) = sizes, found
  if min(before, after) <= 0:
    return None
  return float(np.log(after / before) / np.log(large / small))


def along(axis: Axis, tell: Callable[[str], None]) -> dict[str, Any]:
  """Every method's cost at each size."""
  rows = {}
  for method in axis.methods:
    costs = [cost(method, axis.name, size) for size in axis.sizes]
    row: dict[str, Any] = {n: [getattr(c, n) for c in costs] for n in Cost._fields}
    row["growth"] = {n: growth(axis.sizes, row[n]) for n in Cost._fields}
    rows[method] = row
    tell(f"{axis.name} {method}: {row}")
  return {"sizes": axis.sizes, "methods": rows}


def evaluation(tell: Callable[[str], None]) -> dict[str, Any]:
  """Seconds and added memory of looking at many examples, whose features must not pile up."""
  whole = training("source_only")
  rng = np.random.default_rng(0)
  rows: dict[str, list[float]] = {"seconds": [], "added_bytes": [], "features_bytes": []}
  for n in EVALUATED:
    view = metrics.blocks(rng.normal(size=(n, WIDTH)).astype(np.float32), np.zeros(n, np.int32))
    look = functools.partial(metrics.looked, whole.cells.look, whole.mapped, view, 0)
    jax.block_until_ready(look())
    before, began = machine.resident_bytes(peak=False) or 0, time.perf_counter()
    jax.block_until_ready(look())
    rows["seconds"].append(time.perf_counter() - began)
    rows["added_bytes"].append((machine.resident_bytes(peak=False) or 0) - before)
    rows["features_bytes"].append(4 * FEATURES * n)
    tell(f"evaluation of {n}: {[r[-1] for r in rows.values()]}")
  return {"sizes": EVALUATED, **rows}


def main(argv: Sequence[str] | None = None) -> int:
  """Measures and records; returns the exit code."""
  parser = Parser(
    prog="python -m benchmarks.scaling", description=(__doc__ or "").split("\n", 1)[0]
  )
  parser.add_argument("--out", type=Path, default=Path("results/speed/scaling.json"))
  return guarded(lambda: _run(parser.parse_args(argv).out))


def _run(out: Path) -> int:
  atomic_files.check_writable(out.parent)
  tell = functools.partial(print, flush=True)
  made = {axis.name: along(axis, tell) for axis in AXES}
  made["evaluation"] = evaluation(tell)
  atomic_files.write_json(out, {"case": "scaling", **made, "environment": record.environment()})
  return 0


if __name__ == "__main__":
  sys.exit(main())
