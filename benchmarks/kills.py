"""Kills commands at file operations, runs them again and compares with undisturbed runs.

python -m benchmarks.kills [--kills 200] [--only sweep …]

A child is killed by SIGKILL just before or after the n-th rename, sync, deletion or creation of a
folder below its working folder, n at random. The same command then has to end with the numbers of a
run that nobody disturbed, and to leave nothing behind.
"""

import argparse
import collections
import functools
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from adapt.cli import main as cli
from adapt.cli import run as _  # noqa: F401  what a child needs is imported before it is forked
from adapt.data import atomic_files, kept_arrays, toy
from adapt.models import backbones, resnet
from adapt.records import record

OPERATIONS = ("replace", "rename", "fsync", "unlink", "mkdir", "rmdir")
_PAIR = ["run", "--source", "moons.npz", "--target", "turned.npz", "--method", "dann"]
_SHORT = ["--steps", "40", "--evaluations", "4", "--batch-size", "16", "--devices", "1"]
_ALONE = [*_PAIR, *_SHORT, "--checkpoint-minutes", "0", "--out", "runs"]
_RUN = [*_ALONE, "--seeds", "1"]
_SWEEP = ["--sweep", "weight=0.5,1"]
_PICTURES = ["run", "--source", "left", "--target", "right", "--method", "dann", "--feed", "stream"]
_FROZEN = [*_PICTURES[:-2], "--model", "resnet18", "--pretrained", "weights.safetensors"]
_FROZEN += ["--freeze", "backbone", "--cache-features", "--image-size", "16"]
COMMANDS = {
  "run": _RUN,
  "seeds": [*_ALONE, "--seeds", "2"],
  "sweep": [*_RUN, *_SWEEP],
  "force": [*_RUN, "--force"],
  "save_model": [*_RUN, "--save-model"],
  "search": [*_RUN, *_SWEEP, "--sampler", "grid"],
  "stream": [*_PICTURES, *_SHORT, "--checkpoint-minutes", "0", "--out", "runs", "--seeds", "1"],
  "features": [*_FROZEN, *_SHORT, "--checkpoint-minutes", "0", "--out", "runs", "--seeds", "1"],
  "prepare": ["data", "prepare", "usps", "--from", "raw", "--data-dir", "sets"],
  "kept": [],  # an array kept on disk, as features and decoded sets are
}
_SIZES = {"train": 12, "test": 8}  # of the set that is prepared
_NUMBERS = ("parameters", "last", "selected", "confusion", "curves")


def keep() -> int:
  """Reads a kept array, or makes it."""
  os.makedirs("features", exist_ok=True)
  file = Path("features/x.npy")
  kept_arrays.sweep(file.parent)
  if kept_arrays.read(file, "x") is None:
    kept_arrays.write(file, np.arange(3 * 2**18, dtype=np.float32), "x")
  return 0


def prepared_set() -> int:
  """Prepares a set and reads it, which keeps a decoded copy."""
  from adapt.data import prepared

  code = cli.main(COMMANDS["prepare"])
  for split in _SIZES if not code else ():
    prepared.arrays("usps", split, "sets")
  return code


def work_of(name: str) -> Callable[[], int]:
  """What a child runs."""
  own = {"kept": keep, "prepare": prepared_set}
  return own.get(name) or functools.partial(cli.main, COMMANDS[name])


def child(work: Callable[[], int], folder: Path, at: int = 0, after: bool = False) -> int:
  """Runs work in a fork, killed at an operation; its exit code, negative for a signal.

  Args:
    work: what to run in `folder`.
    folder: the working folder; only operations on what lies below count.
    at: which of the operations kills; 0 kills at none.
    after: whether it is done before the kill.
  """
  if not (process := os.fork()):
    code = 1
    try:
      os.chdir(folder)
      atomic_files.BEGAN = time.time()  # a process of its own
      log = os.open(os.devnull, os.O_WRONLY)
      os.dup2(log, 1)
      os.dup2(os.open(folder.parent / "stderr", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
      inject(folder, at, after)
      code = work()
    finally:
      os._exit(code)
  return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def inject(folder: Path, at: int, after: bool) -> None:
  """Makes the n-th file operation of this process its last."""
  seen, inside = [0], str(folder.resolve())

  def wrapped(real: Callable[..., Any]) -> Callable[..., Any]:
    def operation(path: Any, *rest: Any, **more: Any) -> Any:
      where = os.path.abspath(os.fsdecode(path)) if not isinstance(path, int) else inside
      seen[0] += where.startswith(inside)
      now = at and seen[0] == at and where.startswith(inside)
      if now and not after:
        os.kill(os.getpid(), signal.SIGKILL)
      made = real(path, *rest, **more)
      if now:
        os.kill(os.getpid(), signal.SIGKILL)
      return made

    return operation

  for name in OPERATIONS:
    setattr(os, name, wrapped(getattr(os, name)))


def found(folder: Path) -> dict[str, Any]:
  """The numbers that a command has left: records, models, kept arrays."""
  numbers: dict[str, Any] = {}
  for one in record.read_all(folder / "runs"):
    numbers[one["label"]] = {n: one.get(n) for n in _NUMBERS}
    points = record.path(folder / "runs", one["suite"], one["task"], one["label"])
    with np.load(points.with_suffix(".npz")) as arrays:
      numbers[f"{one['label']} points"] = {n: arrays[n].tolist() for n in arrays.files}
  for file in sorted((folder / "runs").glob("*/*/*.model.npz")):
    with np.load(file) as arrays:
      numbers[file.name] = {n: arrays[n].tolist() for n in arrays.files if "about" not in n}
  if (features := folder / "features/x.npy").exists():
    assert not kept_arrays.damage(features, "x")
    numbers["features"] = float(np.load(features).sum())
  for kept in sorted((folder / "sets").rglob("*.npy")):
    own = kept.stem if kept.parent.name == kept_arrays.FEATURES else None
    assert not kept_arrays.damage(kept, own)
    numbers[kept.name] = np.load(kept).tolist()
  return atomic_files.plain({n: json.dumps(_plain(v)) for n, v in numbers.items()})


def _plain(value: Any) -> Any:
  made = atomic_files.plain(value)
  if isinstance(made, dict):
    made.pop("seconds", None)
  return made


def litter(folder: Path) -> list[str]:
  """What no command leaves that ends well."""
  names = (p.name for p in folder.rglob(".*"))
  return [n for n in names if n.endswith((".tmp", ".partial")) or n.startswith(".probe")]


def prepare(folder: Path, name: str) -> None:
  """A working folder with data, and for --force with a record of other data."""
  folder.mkdir()
  write(folder, "moons", "turned")
  if name in ("stream", "features"):
    write_pictures(folder)
  if name == "features":
    write_backbone(folder / "weights.safetensors")
  if name == "prepare":
    write_raw(folder / "raw/digits/usps.npz")
  if name == "force":
    write(folder, "moons", "tilted", as_name="turned")
    assert child(lambda: cli.main(_RUN), folder) == 0
    write(folder, "moons", "turned")


def write(folder: Path, *names: str, as_name: str = "") -> None:
  """Toy domains as files; the last one by another name where one is given."""
  for name in names:
    d, file = toy.named(name), as_name if as_name and name == names[-1] else name
    arrays: dict[str, Any] = dict(zip("xy", d.train, strict=True))
    arrays |= {f"{name}_test": array for name, array in zip("xy", d.test, strict=True)}
    np.savez(folder / f"{file}.npz", **arrays)


def write_pictures(folder: Path) -> None:
  """Two folders of 8 × 8 pictures of two classes."""
  from PIL import Image

  rng = np.random.default_rng(0)
  for domain, split, kind in itertools.product(("left", "right"), ("train", "test"), "ab"):
    (place := folder / domain / split / kind).mkdir(parents=True)
    for i in range(10):
      pixels = rng.integers(0, 200, (8, 8)) + 50 * (kind == "b")
      Image.fromarray(pixels.astype(np.uint8)).save(place / f"{i}.png")


def write_backbone(file: Path) -> None:
  """Weights of one block of a ResNet, 4 channels wide, in torchvision's layout."""
  from safetensors.numpy import save_file

  rng, state = np.random.default_rng(0), {}
  for name, inputs, side in (("", 3, 7), ("layer1.0.", 4, 3), ("layer1.0.", 4, 3)):
    i = 2 if f"{name}conv1.weight" in state else 1
    state[f"{name}conv{i}.weight"] = rng.normal(0, 0.2, (4, inputs, side, side)).astype(np.float32)
    for part in ("weight", "bias", "running_mean", "running_var"):
      state[f"{name}bn{i}.{part}"] = rng.uniform(0.5, 1, 4).astype(np.float32)
  save_file(state, file)


def smallest(dtype: Any, axis: str | None, frozen_norm: bool) -> Any:
  """The network of `write_backbone`; it stands in for ResNet-18, so that a run takes seconds."""
  return resnet.ResNet((1,), False, 4, dtype, axis, frozen_norm)


def write_raw(file: Path) -> None:
  """What a tiny USPS is prepared from."""
  file.parent.mkdir(parents=True)
  rng = np.random.default_rng(0)
  arrays: dict[str, Any] = {}
  for split, n in _SIZES.items():
    arrays[f"{split}_images"] = rng.uniform(-1, 1, (n, 16, 16)).astype(np.float32)
    arrays[f"{split}_labels"] = np.arange(n) % 10
  np.savez(file, **arrays)


def trial(folder: Path, name: str, chosen: random.Random, operations: int) -> tuple[int, Path]:
  """Kills a command until it ends; the number of kills, and its folder."""
  work = work_of(name)
  prepare(folder, name)
  kills = 0
  while kills < 3:
    at = chosen.randint(1, operations)
    code = child(work, folder, at, chosen.random() < 0.5)
    if code != -signal.SIGKILL:
      break
    kills += 1
    record.read_all(folder / "runs")  # whole at any moment
  code = child(work, folder)
  if code:
    raise SystemExit(f"{name}: exit code {code} after {kills} kills: see {folder}")
  return kills, folder


def main(arguments: list[str] | None = None) -> int:
  """Returns 1 where a command that was killed ends with other numbers or leaves something."""
  parser = argparse.ArgumentParser(prog="python -m benchmarks.kills")
  parser.add_argument("--kills", type=int, default=200)
  parser.add_argument("--operations", type=int, default=120, help="a kill falls on one of so many")
  parser.add_argument("--seed", type=int, default=0)
  parser.add_argument("--only", nargs="+", choices=COMMANDS, default=list(COMMANDS))
  asked = parser.parse_args(arguments)
  if "prepare" in asked.only:
    from adapt.data.builders import usps

    usps.Usps.SIZES = {None: _SIZES}
  backbones.BACKBONES["resnet18"] = backbones.BACKBONES["resnet18"]._replace(make=smallest, side=16)
  os.environ["TFDS_DATA_DIR"] = "sets"  # in each working folder
  chosen, kills, wrong = random.Random(asked.seed), collections.Counter[str](), 0
  with tempfile.TemporaryDirectory(prefix="adapt-kills-") as root:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = f"{root}/compiled"
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    whole, number = {}, 0
    while kills.total() < asked.kills:
      name = asked.only[number % len(asked.only)]
      if name not in whole:
        undisturbed = Path(root) / f"{name}-whole"
        prepare(undisturbed, name)
        code = child(work_of(name), undisturbed)
        assert code == 0, (name, (Path(root) / "stderr").read_text())
        whole[name] = found(undisturbed)
      folder = Path(root) / f"{name}-{number}"
      done, _place = trial(folder, name, chosen, 12 if name == "kept" else asked.operations)
      kills[name] += done
      print(f"{kills.total()} kills: {name}", file=sys.stderr, flush=True)
      left, same = litter(folder), found(folder) == whole[name]
      if left or not same:
        wrong += 1
        print(f"{name}: {'other numbers' if not same else ''} {left}", file=sys.stderr)
      shutil.rmtree(folder)
      number += 1
    if wrong:
      print((Path(root) / "stderr").read_text()[-2000:], file=sys.stderr)
  print(f"{kills.total()} kills, {wrong} wrong: {dict(kills)}")
  return 1 if wrong else 0


if __name__ == "__main__":
  sys.exit(main())
