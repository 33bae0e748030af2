"""Processes of the benchmark of peers: environments of libraries, and whole runs by the clock."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import machine
from benchmarks.contender import ROOT, Failed

# An environment each, as one cannot hold all: POT, and so skada, imports TensorFlow wherever it is.
ENVIRONMENTS = ("torch", "tensorflow")


class Watched(NamedTuple):
  """What a process has said, and when."""

  said: list[tuple[float, Any]]  # seconds since it was started, and what a line holds
  seconds: float  # until it ended
  foreign: float | None  # cores that others kept busy meanwhile


def requirements(environment: str) -> Path:
  """The file with an environment's pinned versions."""
  return ROOT / "benchmarks" / f"peers_{environment}.txt"


def make(folder: Path) -> None:
  """Makes the environments that are not there yet."""
  for name in ENVIRONMENTS:
    place = folder / name
    if interpreter(folder, name).exists():
      continue
    print(f"making {place} …", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    pip = [str(interpreter(folder, name)), "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--quiet", "-r", str(requirements(name))], check=True)


def interpreter(folder: Path, environment: str) -> Path:
  """The environment's Python."""
  return folder / environment / "bin" / "python"


def isolated(folder: Path) -> None:
  """Makes a folder from which Python finds our benchmarks but not our package."""
  (folder / "benchmarks").symlink_to(ROOT / "benchmarks", target_is_directory=True)


def found(folder: Path, environment: str) -> str:
  """The environment's Python; Failed where there is none."""
  python = interpreter(folder, environment)
  if not python.exists():
    raise Failed(f"no {environment} environment: --make makes it")
  return str(python)


def peer_environment() -> dict[str, str]:
  """Variables of a peer's process: no way to our package, and no chatter."""
  ours = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
  return {k: v for k, v in os.environ.items() if k not in ours} | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def watched(
  command: Sequence[str], environment: Mapping[str, str], folder: Path, listens: bool = True
) -> Watched:
  """Runs a command to its end; Failed with its last words if that is not a good one.

  Args:
    command: with arguments.
    environment: all of its variables.
    folder: where it runs.
    listens: whether its output is lines of JSON.
  """
  said: list[tuple[float, Any]] = []
  with tempfile.TemporaryFile() as words:
    before = machine.usage()
    with subprocess.Popen(
      command,
      stdout=subprocess.PIPE if listens else words,
      stderr=words,
      env=dict(environment),
      cwd=folder,
    ) as process:
      try:
        for line in process.stdout or ():
          said.append((time.perf_counter() - before.wall, json.loads(line)))
      except BaseException:
        process.kill()
        raise
    after = machine.usage()
    if process.returncode:
      words.seek(0)
      last = words.read().decode(errors="replace").strip().splitlines()
      raise Failed(last[-1] if last else f"it ended with {process.returncode}")
  return Watched(said, after.wall - before.wall, machine.foreign(before, after))
