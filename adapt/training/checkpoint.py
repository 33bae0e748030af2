"""Writes and restores checkpoints of a run with orbax.

Writing goes on beside the training. A digest guards each checkpoint, and two are kept.

What is saved is the state of every cell and the history of evaluations. The stream of batches is a
function of the seed and the step, so its position is the step. Orbax's commit is a rename, so a
crash at any instant leaves the checkpoint before it; the digest finds what a disk has spoilt since.
"""

import contextlib
import logging
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from adapt.data import atomic_files
from adapt.training import folder_lock, hosts
from adapt.training import pytree_io as leaves
from adapt.training.history import History

_KEPT = 2
_CONFIG = "config.json"
MADE = "made"  # folder of records that wait for their place
_OURS = "state", "history"  # what a checkpoint consists of, besides its digest


class Saved(NamedTuple):
  """Contents of a checkpoint."""

  leaves: Mapping[str, np.ndarray]  # by place
  shapes: list[str]
  past: History

  def filling(self, mapped: Any) -> Any:
    """Returns the saved state in the given state's structure.

    Args:
      mapped: one of the same structure and shapes, whose values do not matter.

    Raises:
      ValueError: it is not of the same structure.
    """
    if self.shapes != leaves.shapes(mapped):
      raise ValueError("a checkpoint of another version of the program: --force starts over")
    return leaves.filled(mapped, self.leaves)


class Checkpoints:
  """Manages one program's checkpoints in a folder of its own.

  One process holds the folder at a time.
  """

  def __init__(self, folder: Path, config: Any, minutes: float) -> None:
    """Opens and locks the folder.

    Args:
      folder: made if it is not there.
      config: what was asked for; kept beside the checkpoints, so that they are not mixed up.
      minutes: between two checkpoints, of which each waits for the next evaluation.

    Raises:
      ValueError: another process trains there, or the folder cannot be written.
    """
    self.folder, self.seconds = folder, 60 * minutes
    self._last, self._manager = time.monotonic(), None
    with _writable(folder):
      self._lock = folder_lock.locked(folder)
    atomic_files.write_json(folder / _CONFIG, {"asked": config})

  def due(self) -> bool:
    """Whether it is time for another checkpoint."""
    return time.monotonic() - self._last >= self.seconds

  def save(self, mapped: Any, past: History, seconds: float) -> None:
    """Starts writing a checkpoint in the background.

    It holds the state after the steps that `past` knows; training may go on meanwhile.

    Args:
      mapped: the state of all cells, one copy.
      past: settled.
      seconds: this process has spent on them.
    """
    import orbax.checkpoint as ocp

    parts = {"state": leaves.arrays(mapped), "history": past.arrays()}
    about = {
      "digest": leaves.digest(parts),
      "shapes": leaves.shapes(mapped),
      "seconds": past.before + seconds,
    }
    items = {name: ocp.args.StandardSave(part) for name, part in parts.items()}
    with self._unhindered():
      self._orbax().save(
        past.done, args=ocp.args.Composite(**items, about=ocp.args.JsonSave(about))
      )
      self._last = time.monotonic()

  def finish(self) -> int:
    """Waits for pending writes; returns the newest checkpoint's step, or 0."""
    with self._unhindered():
      self._orbax().wait_until_finished()
    return self._orbax().latest_step() or 0

  def newest(self) -> Saved | None:
    """Returns the newest intact checkpoint, if there is one.

    A corrupt one is reported in a warning and deleted.
    """
    if not begun(self.folder):
      return None  # and orbax need not be imported
    manager = self._orbax()
    for step in sorted(manager.all_steps(), reverse=True):
      found = _read(manager, step)
      if isinstance(found, Saved):
        return found
      print(
        f"warning: the checkpoint of step {step} in {self.folder} is spoilt ({found}): "
        "the one before it is used, or training starts over",
        file=sys.stderr,
      )
      manager.delete(step)
    return None

  def __enter__(self) -> "Checkpoints":
    return self

  def __exit__(self, kind: object, error: object, trace: object) -> None:
    """Releases the folder; see `release`."""
    self.release(kind is None)

  def release(self, done: bool) -> None:
    """Releases the folder, and deletes it if no longer needed.

    It is not needed once its records exist, or if it has no checkpoint.
    """
    if self._lock.closed:
      return  # another process may hold it by now
    self._abandon()
    if done or not begun(self.folder):
      shutil.rmtree(self.folder, ignore_errors=True)
    self._lock.close()

  @contextlib.contextmanager
  def _unhindered(self) -> Iterator[None]:
    """Turns a failed checkpoint write into a warning.

    Training goes on, whether the write failed at once or in the background.
    """
    try:
      yield
    except Exception as error:  # tensorstore's errors are of many kinds
      reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
      print(
        f"warning: a checkpoint could not be written in {self.folder} ({reason}): make room there; "
        "training goes on",
        file=sys.stderr,
      )
      self._abandon()

  def _abandon(self) -> None:
    if self._manager is not None:
      with contextlib.suppress(Exception):  # it tells once more what has been told
        self._manager.close()
      self._manager = None

  def _orbax(self) -> Any:
    if self._manager is None:
      import orbax.checkpoint as ocp

      logging.getLogger("absl").addFilter(_not_orbaxs)

      processes = ocp.options.MultiprocessingOptions()
      if hosts.several():  # orbax would wait for all of them
        processes = ocp.options.MultiprocessingOptions(0, {0}, "adapt")
      options = ocp.CheckpointManagerOptions(
        max_to_keep=_KEPT,
        enable_async_checkpointing=True,
        cleanup_tmp_directories=True,
        create=False,
        multiprocessing_options=processes,
      )
      self._manager = ocp.CheckpointManager(self.folder.resolve(), options=options)
    return self._manager


class Elsewhere:
  """Stand-in for `Checkpoints` on processes other than 0.

  Process 0 reads and writes all checkpoints of a run.
  """

  def due(self) -> bool:
    return False

  def save(self, mapped: Any, past: History, seconds: float) -> None:
    pass

  def finish(self) -> int:
    return 0

  def newest(self) -> None:
    return None


def begun(folder: Path) -> bool:
  """Whether a run can continue: from a checkpoint or from waiting records."""
  with contextlib.suppress(OSError):
    return any(p.name.isdigit() or p.name == MADE for p in folder.iterdir())
  return False


def asked(folder: Path) -> Any:
  """Reads the configuration that a folder's checkpoints were made for.

  It is a list of objects, or None if there are no checkpoints.

  Raises:
    ValueError: they do not say.
  """
  file = folder / _CONFIG
  if not file.is_file() or not begun(folder):
    return None  # killed before anything was saved
  try:
    found = atomic_files.load_json(file.read_text("utf-8"))
  except (OSError, ValueError) as error:
    raise unclear(folder, error) from error
  if found == {"asked": None}:
    return None
  if not isinstance(found, dict) or not isinstance(found.get("asked"), list):
    raise unclear(folder, "no list 'asked'")
  return found["asked"]


def unclear(folder: Path, reason: object) -> ValueError:
  """The error for checkpoints that do not say what they are of."""
  return ValueError(
    f"{folder / _CONFIG} does not say what its checkpoints were made for ({reason}): --force starts over"
  )


def discard(folder: Path) -> None:
  """Deletes the checkpoints there; ValueError if a process trains there now."""
  with folder_lock.alone(folder):
    shutil.rmtree(folder, ignore_errors=True)


def _not_orbaxs(entry: logging.LogRecord) -> bool:
  """Filters out orbax's log records.

  They hold a traceback for what is told here in a line.
  """
  return "orbax" not in entry.pathname


@contextlib.contextmanager
def _writable(folder: Path) -> Iterator[None]:
  try:
    yield
  except OSError as error:
    reason = error.strerror or type(error).__name__
    raise ValueError(f"cannot write in {folder} ({reason}): choose another --out") from error


def _read(manager: Any, step: int) -> Saved | str:
  """Reads the checkpoint of a step, or says why it is unusable."""
  import orbax.checkpoint as ocp

  items: dict[str, Any] = {name: ocp.args.StandardRestore() for name in _OURS}
  try:
    found = manager.restore(step, args=ocp.args.Composite(**items, about=ocp.args.JsonRestore()))
    about, parts = found["about"], {name: found[name] for name in _OURS}
  except Exception as error:  # whatever a parser makes of spoilt bytes
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
  known = isinstance(about, dict) and isinstance(about.get("shapes"), list)
  if not known or not isinstance(about.get("seconds"), int | float):
    return "it does not say what it holds"
  if leaves.digest(parts) != about.get("digest"):
    return "its digest differs"
  past = History.of_arrays(parts["history"])
  past.before = about["seconds"]
  return Saved(parts["state"], about["shapes"], past)
