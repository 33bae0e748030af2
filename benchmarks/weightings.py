"""Time, memory and error of the kernel weightings on many examples of 100 features.

    python -m benchmarks.weightings [WEIGHTING …] [--sizes 10000 100000 200000]

Source and target are Gaussian and have as many examples each. Every measurement is made by a process
of its own. CPU time is of all threads: on a busy machine it says more than the seconds that passed.
Memory is what the weighting adds, at its peak, to the data. The error is the relative L2 distance, at
the smallest size, to weights without any of the short cuts for many examples: kmm's whole programme
iterated on until steps are 1e-7, kernels summed at once, kliep's width chosen on all. --peer
PYTHON adds PyPI's `adapt` (the ADAPT toolbox) at the smallest size, from that interpreter's environment;
it is left out where it is not installed there.
"""

import argparse
import importlib
import json
import resource
import subprocess
import sys
import time
from typing import Any
from unittest import mock

import numpy as np
from rich.console import Console
from rich.table import Table

from adapt import weights
from adapt.cli.command import guarded

NAMES = ("kmm", "kliep", "ulsif", "rulsif")
SIZES = (10_000, 100_000, 200_000)
FEATURES = 100
MEBIBYTE = 2**20
_COMPARED = 10_000  # examples, at most, whose whole programme is solved for comparison
# What it is called in the ADAPT toolbox, and how its weights are asked for.
_PEERS = {"kmm": "KMM", "kliep": "KLIEP", "ulsif": "ULSIF", "rulsif": "RULSIF"}
_PEER = """
import json, sys, time
import numpy as np
from adapt import instance_based
rng, n, d = np.random.default_rng(0), int(sys.argv[2]), int(sys.argv[3])
xs, xt = rng.normal(size=(n, d)), 0.95 * rng.normal(size=(n, d)) + 0.15
model = getattr(instance_based, sys.argv[1])(verbose=0)
began = time.perf_counter()
w = np.asarray(model.fit_weights(xs, xt), float).ravel()
print(json.dumps({"seconds": time.perf_counter() - began, "share": w.sum() ** 2 / n / (w @ w)}))
"""


def data(examples: int) -> tuple[np.ndarray, np.ndarray]:
  """Source N(0, 1) and target N(0.15, 0.95²) in every feature, float32."""
  rng = np.random.default_rng(0)  # of float32, and in place: their peak would hide the weighting's
  xs, xt = (rng.standard_normal((examples, FEATURES), np.float32) for _ in range(2))
  xt *= np.float32(0.95)
  xt += np.float32(0.15)
  return xs, xt


def without_short_cuts(name: str, xs: np.ndarray, xt: np.ndarray) -> np.ndarray:
  """The weights [n] as small sets get them, where time and memory play no part."""
  ys = np.zeros(len(xs), np.int32)
  if name == "kmm":
    file = importlib.import_module("adapt.weights.kmm")
    with mock.patch.object(file, "_WHOLE_TOLERANCE", 1e-7):
      return weights.get(name)(xs, ys, xt, whole=max(len(xs), len(xt)))
  files = [importlib.import_module(f"adapt.weights.{n}") for n in ("_kernels", "kliep", "rulsif")]
  for file in files:
    file.__dict__["WHOLE"] = len(xs) + len(xt)
  return weights.get(name)(xs, ys, xt)


def measured(name: str, examples: int, reference: bool) -> dict[str, Any]:
  """Seconds, MiB, form, effective share and, with `reference`, the error; of this process."""
  xs, xt = data(examples)
  bound = weights.bind(name)
  bound(xs[:500], np.zeros(500, np.int32), xt[:500])  # what it imports
  before, wall, cpu = _peak(), time.perf_counter(), time.process_time()
  made = bound(xs, np.zeros(examples, np.int32), xt)
  row = {
    "weighting": name,
    "examples": examples,
    "form": weights.form(bound, examples, examples),
    "seconds": time.perf_counter() - wall,
    "cpu_seconds": time.process_time() - cpu,
    "mebibytes": _peak() - before,
    "share": weights.effective_share(made),
  }
  if reference:
    exact = without_short_cuts(name, xs, xt)
    row["error"] = float(np.linalg.norm(made - exact) / np.linalg.norm(exact))
    if name == "kmm":
      blocks = weights.get(name)(xs, np.zeros(examples, np.int32), xt, whole=examples // 2)
      row["blocks_error"] = float(np.linalg.norm(blocks - exact) / np.linalg.norm(exact))
  return row


def _peak() -> float:
  return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE


def peer(python: str, name: str, examples: int) -> dict[str, Any] | None:
  """The ADAPT toolbox's seconds and effective share; None where it does not run."""
  command = [python, "-c", _PEER, _PEERS[name], str(examples), str(FEATURES)]
  done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
  if done.returncode:
    return None
  return {
    "weighting": f"{name} (ADAPT)",
    "examples": examples,
    **json.loads(done.stdout.splitlines()[-1]),
  }


def _apart(name: str, examples: int, reference: bool) -> dict[str, Any]:
  command = [sys.executable, "-m", "benchmarks.weightings", name, "--sizes", str(examples), "--one"]
  done = subprocess.run(
    [*command, *(["--reference"] if reference else [])],
    stdout=subprocess.PIPE,
    check=True,
    text=True,
  )
  row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
  return row


def shown(rows: list[dict[str, Any]]) -> Table:
  """The measurements as a table."""
  heads = ("weighting", "examples", "form", "seconds", "CPU s", "MiB", "effective", "error")
  table = Table(*heads)
  for row in rows:
    table.add_row(
      row["weighting"],
      f"{row['examples']:,}",
      row.get("form", ""),
      f"{row['seconds']:.1f}",
      f"{row['cpu_seconds']:.1f}" if "cpu_seconds" in row else "",
      f"{row['mebibytes']:.0f}" if "mebibytes" in row else "",
      f"{100 * row['share']:.1f} %",
      ", ".join(
        f"{100 * row[key]:.2g} %{said}"
        for key, said in (("error", ""), ("blocks_error", " by two blocks"))
        if key in row
      ),
    )
  return table


def main(args: list[str] | None = None) -> int:
  """Measures and prints; 0."""
  parser = argparse.ArgumentParser("benchmarks.weightings", description=__doc__)
  parser.add_argument("names", nargs="*", metavar="WEIGHTING", default=NAMES)
  parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
  parser.add_argument("--peer", metavar="PYTHON")
  parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
  parser.add_argument("--reference", action="store_true", help=argparse.SUPPRESS)
  chosen = parser.parse_args(args)
  if chosen.one:
    print(json.dumps(measured(chosen.names[0], chosen.sizes[0], chosen.reference)))
    return 0
  rows, console = [], Console(width=130)
  for name in chosen.names:
    for size in chosen.sizes:
      console.print(f"{name}, {size:,} examples", style="dim")
      rows.append(_apart(name, size, size <= _COMPARED))
    if chosen.peer and (row := peer(chosen.peer, name, min(chosen.sizes))):
      rows.append(row)
  console.print(shown(rows))
  return 0


if __name__ == "__main__":
  sys.exit(guarded(main))
