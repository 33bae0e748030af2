"""What a peer library's process is told and says: runs in turn, each with its test accuracy.

It is imported in environments of peers, where our package is not and must not be: one of them has the
import name `adapt` too. So it knows NumPy, the standard library and what else of benchmarks/ does.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.contender import Work


class Asked(NamedTuple):
  """What is to be trained, of which data."""

  work: Work
  runs: tuple[tuple[str, int], ...]  # a task and a seed each
  folder: str  # with TASK.npz


class Arrays(NamedTuple):
  """A task's data, as a user of a library has them; no label of a training target."""

  xs: np.ndarray
  ys: np.ndarray
  xt: np.ndarray
  x_test: np.ndarray
  y_test: np.ndarray


Train = Callable[
  [Work, Arrays, int], np.ndarray
]  # (work, arrays, seed) to classes of the test inputs


class Peer(NamedTuple):
  """A library: how it trains, what it imports, and of which distributions versions are told."""

  train: Train
  modules: tuple[str, ...]
  distributions: tuple[str, ...]


def told(asked: Asked) -> str:
  """The work as a command's argument."""
  return json.dumps(asked._replace(work=asked.work._asdict())._asdict())  # type: ignore[arg-type]


def heard(text: str) -> Asked:
  """The work from a command's argument."""
  values = json.loads(text)
  work = Work(**{**values["work"], "shape": tuple(values["work"]["shape"])})
  return Asked(work, tuple((task, seed) for task, seed in values["runs"]), values["folder"])


def save(folder: Path, task: str, arrays: Arrays) -> None:
  """Writes a task's data where a peer reads them."""
  np.savez(folder / f"{task}.npz", **arrays._asdict())


def load(folder: str, task: str) -> Arrays:
  """A task's data; images in [-1, 1], as our networks see them."""
  with np.load(Path(folder) / f"{task}.npz") as file:
    arrays = Arrays(*(file[name] for name in Arrays._fields))
  x = (_scaled(getattr(arrays, name)) for name in ("xs", "xt", "x_test"))
  return arrays._replace(**dict(zip(("xs", "xt", "x_test"), x, strict=True)))


def _scaled(x: np.ndarray) -> np.ndarray:
  if x.dtype != np.uint8:
    return x
  return (x / np.float32(127.5) - np.float32(1)).astype(np.float32)


def ramp(work: Work, taken: int) -> float:
  """λ of the reversed gradient after so many steps."""
  return float(work.weight * (2 / (1 + np.exp(-work.ramp * taken / work.run)) - 1))


def decay(work: Work, taken: int) -> float:
  """The learning rate after so many steps, relative to the first."""
  return float((1 + 10 * taken / work.run) ** -0.75)


def percent(reached: Mapping[str, Any]) -> str:
  """A mean accuracy with its deviation over seeds."""
  deviation = "" if reached["std"] is None else f" ± {100 * reached['std']:.1f}"
  return f"{100 * reached['mean']:.1f}{deviation}"


def serve(peers: Mapping[str, Peer], argv: Sequence[str]) -> None:
  """Says a line when all is imported, and one after each run with what it has reached.

  Args:
    peers: those of this environment, by name.
    argv: a peer's name and the work.
  """
  answers = os.fdopen(os.dup(1), "w")
  os.dup2(2, 1)  # what libraries print must not pass for an answer

  def say(line: Mapping[str, Any]) -> None:
    print(json.dumps(line), file=answers, flush=True)

  peer, asked = peers[argv[0]], heard(argv[1])
  for module in peer.modules:
    importlib.import_module(module)
  say({"versions": {name: metadata.version(name) for name in peer.distributions}})
  for task, seed in asked.runs:
    arrays = load(asked.folder, task)
    found = peer.train(asked.work, arrays, seed)
    say({"task": task, "seed": seed, "accuracy": float(np.mean(found == arrays.y_test))})


def main(peers: Mapping[str, Peer]) -> None:
  """A peer's process."""
  serve(peers, sys.argv[1:])
