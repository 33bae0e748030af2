"""Sends a run's curves, configuration and pictures to Weights & Biases.

It is off by default.
"""

import contextlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

Mode = Literal["off", "online", "offline"]


class Tracker:
  """Runs on wandb, one after the other, or nothing at all.

  Tracking must never cost a result: the first call that fails prints one line, and from
  then on every call does nothing, also for later runs. A suite does not wait for an absent server
  once per cell.
  """

  def __init__(self) -> None:
    self._failed = False
    self._wandb: Any = None  # the module; None while off
    self._run: Any = None

  def start(
    self,
    mode: Mode,
    project: str,
    name: str,
    config: Mapping[str, Any],
    dir: str | Path,
    group: str = "",
    tags: Sequence[str] = (),
  ) -> None:
    """Begins a run.

    Args:
      mode: "off" does nothing and does not import wandb; "offline" writes files
        under `dir` that `wandb sync` can send later.
      project: wandb project.
      name: name of the run, e.g. "digits/mnist_usps/dann".
      config: shown on wandb as the run's configuration. wandb finds the API key by itself
        (WANDB_API_KEY or `wandb login`): it does not belong here.
      dir: folder for wandb's files.
      group: runs of one group are shown together.
      tags: to find it by.
    """
    if mode not in ("off", "online", "offline"):
      raise ValueError(f"no tracking mode '{mode}': choose off, online or offline")
    if mode != "off" and not self._failed:
      self._safely(lambda: self._open(mode, project, name, config, Path(dir), group, tags))

  def log(self, step: int, metrics: Mapping[str, Any]) -> None:
    """Adds points to the curves; steps must not decrease."""
    if self._run is not None:
      self._safely(lambda: self._run.log(dict(metrics), step=step))

  def finish(
    self,
    summary: Mapping[str, Any] | None = None,
    pictures: Mapping[str, str | Path] | None = None,
    columns: Sequence[str] = (),
    rows: Sequence[Sequence[Any]] = (),
  ) -> None:
    """Ends the run.

    Args:
      summary: final values, e.g. {"target_accuracy": 0.897}.
      pictures: name → path of an image file.
      columns: names of the final table's columns.
      rows: the final table.
    """
    if self._run is not None:
      self._safely(lambda: self._close(summary or {}, pictures or {}, columns, rows))
    self._run = None

  def fail(self) -> None:
    """Ends the run as one that has failed."""
    if self._run is not None:
      self._safely(lambda: self._run.finish(exit_code=1))
    self._run = None

  def _open(
    self,
    mode: Literal["online", "offline"],
    project: str,
    name: str,
    config: Mapping[str, Any],
    folder: Path,
    group: str,
    tags: Sequence[str],
  ) -> None:
    import wandb

    folder.mkdir(parents=True, exist_ok=True)
    settings = wandb.Settings(
      console="off",  # our progress display rewrites lines; a log of it is unreadable
      save_code=False,
      silent=mode == "offline",
      init_timeout=float(os.environ.get("WANDB_INIT_TIMEOUT", "30")),  # without a network, once
      finish_timeout=60,
      x_disable_stats=True,  # polling the machine perturbs the timings that are recorded
    )
    self._wandb = wandb
    self._run = wandb.init(
      mode=mode,
      project=project,
      name=name,
      config=dict(config),
      dir=str(folder),
      group=group or None,
      tags=list(tags),
      settings=settings,
    )

  def _close(
    self,
    summary: Mapping[str, Any],
    pictures: Mapping[str, str | Path],
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
  ) -> None:
    self._run.summary.update(dict(summary))
    last = {name: self._wandb.Image(str(path)) for name, path in pictures.items()}
    if rows:
      last["results"] = self._wandb.Table(list(columns), [list(row) for row in rows])
    if last:
      self._run.log(last)
    self._run.finish()

  def _safely(self, call: Callable[[], None]) -> None:
    try:
      call()
    except Exception as error:  # whatever wandb, the network or the disk may raise
      run, self._run, self._failed = self._run, None, True
      if run is not None:
        with contextlib.suppress(Exception):  # what was sent so far stays readable
          run.finish(exit_code=1)
      reason = " ".join(str(error).split()) or type(error).__name__
      print(f"warning: wandb stopped, the run goes on without it ({reason})", file=sys.stderr)
