"""Test-time methods on streams of corrupted digits: accuracy as predicted, and its sensitivity.

    python -m benchmarks.streams [--source mnist] [--stream continual …] [--batch 4 20 100]

Source models are trained on clean images. Each stream shows the test images under 15 corruptions; a
method predicts each batch before it learns from it. One program per method, stream and batch size runs
all values of the method's hyper-parameter, all orders and all source models. No label chooses anything:
the table shows the value of the method's paper, and beside it the span over all values.

`--source mnist5k` (the default) comes with a pip wheel, and its small setting takes minutes on two cores.
Writes OUT/record.json, OUT/sensitivity.png and, beside OUT, a page, after each method. What OUT has is not
run again.
"""

import argparse
import itertools
import json
import math
import os
import time
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from adapt import data
from adapt.augment import corruptions
from adapt.cli.command import guarded
from adapt.models import test_time
from adapt.streams import methods, orders, scan
from benchmarks import streams_page, streams_source


class Sweep(NamedTuple):
  """What is swept of a method: values of a hyper-parameter, of which one is the paper's."""

  name: str
  published: float
  values: tuple[float, ...]
  further: tuple[float, ...]  # by --all-values

  def chosen(self, whole: bool) -> tuple[float, ...]:
    """The values, rising."""
    return tuple(sorted(self.values + self.further)) if whole else self.values


def rates(published: float, lowest: float) -> Sweep:
  """Five rates a decade apart, and three between the first four."""
  values = tuple(float(f"{lowest * 10**i:g}") for i in range(5))
  return Sweep("rate", published, values, tuple(float(f"{3 * v:g}") for v in values[:3]))


SWEEPS = {
  "source": None,
  "norm": Sweep("prior", 16.0, (0.0, 4.0, 16.0, 64.0, 256.0), (1.0, 32.0, 128.0)),
  "tent": rates(1e-3, 1e-4),
  "t3a": Sweep("kept", 20.0, (1.0, 5.0, 20.0, 50.0, 100.0), (2.0, 10.0, 35.0)),
  "lame": Sweep("neighbours", 5.0, (1.0, 3.0, 5.0, 10.0, 20.0), (2.0, 4.0, 7.0)),
  "memo": rates(5e-3, 5e-4),
  "eata": rates(2.5e-4, 2.5e-4),
  "cotta": rates(1e-3, 1e-5),
  "note": rates(1e-4, 1e-4),
  "sar": rates(2.5e-4, 2.5e-4),
  "rmt": rates(1e-3, 1e-5),
  "rotta": rates(1e-3, 1e-4),
  "roid": rates(1e-3, 1e-4),
  "deyo": rates(2.5e-4, 2.5e-4),
}


def pooled(x: np.ndarray, kinds: list[str], severities: tuple[int, ...]) -> jax.Array:
  """All images under all corruptions, [kinds · severities · n, 28, 28, 1] uint8."""
  images = jnp.asarray(x)
  parts: list[jax.Array] = []
  for i, kind in enumerate(kinds):
    key = jax.random.key(i)
    make = jax.jit(lambda s, kind=kind, key=key: corruptions.corrupted(kind, key, images, s))
    parts.extend(make(jnp.int32(s)) for s in severities)
  return jnp.concatenate(parts)


def shown(kind: str, flags: argparse.Namespace) -> tuple[int, ...]:
  """The severities that a stream shows."""
  return tuple(range(1, orders.SEVERITIES + 1)) if kind == "gradual" else (flags.severity,)


def measured(
  name: str, stream: str, batch: int, task: "Task", flags: argparse.Namespace
) -> dict[str, Any]:
  """One method on one stream at one batch size: all lanes, by one program."""
  sweep = SWEEPS[name]
  made = [orders.make(stream, task.y, len(task.kinds), batch, seed) for seed in range(flags.orders)]
  values = sweep.chosen(flags.all_values) if sweep else (math.nan,)
  grid = [(v, o, s) for v in values for o in range(flags.orders) for s in range(flags.seeds)]
  lane_values, order, model = (np.array(c) for c in zip(*grid, strict=True))
  hyper = {sweep.name: lane_values} if sweep else {}
  began, cpu = time.perf_counter(), time.process_time()
  found = scan.run(
    methods.get(name),
    task.forward,
    task.models,
    task.xs,
    task.pools[shown(stream, flags)],
    jnp.asarray(np.stack([m.rows for m in made])),
    jnp.asarray(np.stack([m.reset for m in made])),
    scan.Lanes(model, order, hyper),
  )
  predicted = np.asarray(found)
  seconds = time.perf_counter() - began
  rows = np.stack([m.rows for m in made])[order]  # [l, t, b]
  right = predicted == task.y[rows % len(task.y)]
  domain = rows // len(task.y) // len(shown(stream, flags))
  # Accuracies with one entry a value; orders and source models within.
  shape = (len(values), flags.orders, flags.seeds)
  by_kind = [(right * (domain == d)).sum((1, 2)) / (domain == d).sum((1, 2)) for d in task.domains]
  # Ten equal parts of the stream.
  parts = np.array_split(right.mean(axis=2), min(10, right.shape[1]), axis=1)
  over_time = np.stack([p.mean(axis=1) for p in parts], axis=1)
  return {
    "method": name,
    "stream": stream,
    "batch": batch,
    "hyper": sweep.name if sweep else None,
    "values": list(values) if sweep else [None],
    "published": values.index(sweep.published) if sweep else 0,
    "accuracy": right.mean((1, 2)).reshape(shape).round(5).tolist(),
    "by_corruption": np.stack(by_kind, 1).reshape(*shape, -1).mean((1, 2)).round(5).tolist(),
    "over_time": over_time.reshape(*shape, -1).mean((1, 2)).round(5).tolist(),
    "not_finite": (predicted < 0).mean((1, 2)).reshape(shape).mean((1, 2)).round(5).tolist(),
    "lanes": len(grid),
    "seconds_with_compilation": round(seconds, 2),
    "cpu_seconds": round(time.process_time() - cpu, 2),
  }


class Task(NamedTuple):
  """What all methods share."""

  kinds: list[str]
  y: np.ndarray  # [n] labels of the test images
  pools: dict[tuple[int, ...], jax.Array]  # by severities
  forward: test_time.Forward
  models: tuple[Any, Any]
  xs: jax.Array  # source images without labels
  clean: list[float]  # accuracy of each source model on clean test images

  @property
  def domains(self) -> range:
    """The corruptions' numbers."""
    return range(len(self.kinds))


def task(flags: argparse.Namespace) -> Task:
  """Loads the digits, trains source models and makes the corrupted images.

  Raises:
    ValueError: the source is not of grey 28×28 images with labels, or a batch does not fit.
  """
  domain = data.load(flags.source)
  x, y = np.asarray(domain.train.x), domain.train.y
  if x.shape[1:] != (28, 28, 1) or y is None or domain.test.y is None:
    raise ValueError(f"{flags.source} is of {x.shape[1:]}: --source takes grey 28x28 digits")
  chosen = np.random.default_rng(0).permutation(len(domain.test.y))[: flags.examples]
  test_x, test_y = np.asarray(domain.test.x)[chosen], domain.test.y[chosen]
  for batch in flags.batch:
    orders.make("iid", test_y, 1, batch, 0)  # refuses one that does not fit, before the training
  net = streams_source.network(len(domain.classes))
  models = streams_source.trained(net, jnp.asarray(x), jnp.asarray(y), flags.seeds, flags.epochs)
  forward = test_time.Forward(net)
  evaluate = jax.jit(lambda m: forward(m[0], m[1], jnp.asarray(test_x), source=1.0)[1].argmax(-1))
  each = [jax.tree.map(lambda leaf, s=s: leaf[s], models) for s in range(flags.seeds)]
  clean = [float((np.asarray(evaluate(m)) == test_y).mean()) for m in each]
  kinds = list(corruptions.KINDS)
  pools = {s: pooled(test_x, kinds, s) for s in {shown(k, flags) for k in flags.stream}}
  return Task(kinds, test_y, pools, forward, models, jnp.asarray(x[:512]), clean)


def main() -> int:
  """Runs the benchmark and writes its record, figure and page."""
  parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
  parser.add_argument("--source", default="mnist5k", help="a domain of grey 28x28 digits")
  parser.add_argument("--stream", nargs="+", choices=orders.KINDS, default=["continual"])
  parser.add_argument("--method", nargs="+", choices=tuple(SWEEPS), default=list(SWEEPS))
  parser.add_argument("--batch", nargs="+", type=int, default=[4, 20, 100])
  parser.add_argument("--examples", type=int, default=100, help="test images a corruption")
  parser.add_argument("--severity", type=int, choices=range(1, 6), default=5)
  parser.add_argument("--orders", type=int, default=2)
  parser.add_argument("--seeds", type=int, default=2, help="source models")
  parser.add_argument("--epochs", type=int, default=5, help="of the source models")
  parser.add_argument("--all-values", action="store_true", help="eight of each method, not five")
  parser.add_argument("--out", type=Path, default=Path("results/streams"))
  flags = parser.parse_args()
  setting = {
    k: getattr(flags, k) for k in ("source", "examples", "severity", "orders", "seeds", "epochs")
  }
  cells = kept(flags.out, setting)
  shared = task(flags)
  for stream, batch, name in itertools.product(flags.stream, flags.batch, flags.method):
    if any((c["stream"], c["batch"], c["method"]) == (stream, batch, name) for c in cells):
      continue
    cells.append(measured(name, stream, batch, shared, flags))
    print(streams_page.line(cells[-1]), flush=True)
    cells.sort(key=lambda c: list(SWEEPS).index(c["method"]))
    write(flags.out, setting, shared, cells)
  return 0


def kept(out: Path, setting: dict[str, Any]) -> list[dict[str, Any]]:
  """Cells that OUT has already; ValueError if they are of another setting."""
  file = out / "record.json"
  if not file.exists():
    return []
  record = json.loads(file.read_text("utf-8"))
  if {k: v for k, v in record["setting"].items() if k in setting} != setting:
    raise ValueError(f"{file} is of another setting: delete it, or choose another --out")
  cells: list[dict[str, Any]] = record["cells"]
  return cells


def write(out: Path, setting: dict[str, Any], shared: Task, cells: list[dict[str, Any]]) -> None:
  """Writes the record of all cells so far, its figure and its page."""
  streams = [kind for kind in orders.KINDS if any(c["stream"] == kind for c in cells)]
  record = {
    "setting": {**setting, "stream": streams, "batch": sorted({c["batch"] for c in cells})},
    "corruptions": shared.kinds,
    "clean_accuracy": shared.clean,
    "machine": {"backend": jax.default_backend(), "cores": os.cpu_count(), "jax": jax.__version__},
    "seconds": round(sum(c["seconds_with_compilation"] for c in cells), 1),
    "load_average": round(os.getloadavg()[0], 1),
    "cells": cells,
  }
  out.mkdir(parents=True, exist_ok=True)
  (out / "record.json").write_text(json.dumps(record, indent=1) + "\n", "utf-8")
  streams_page.write(record, out)


if __name__ == "__main__":
  raise SystemExit(guarded(main))
