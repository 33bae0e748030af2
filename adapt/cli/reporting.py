"""Report a grid's progress to the terminal and wandb.

wandb is used only where asked to.
"""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console

from adapt.cli.progress import Board
from adapt.experiments import grid
from adapt.experiments.experiment import Experiment
from adapt.records import record
from adapt.report import curves, wandb_run
from adapt.report.wandb_log import Mode, Tracker
from adapt.training import hosts
from adapt.training.history import History


class Reporting:
  """A `grid.Reporter` with a progress board and wandb tracking.

  It is a context that shows programs on the board.
  """

  def __init__(
    self,
    groups: Sequence[Sequence[Experiment]],
    out: str | Path,
    wandb: Mode = "off",
    show_target: bool = False,
  ) -> None:
    """Initialises a board and a tracker.

    Args:
      groups: what is to run.
      out: the folder of records.
      wandb: how wandb tracks it.
      show_target: whether the board shows target test accuracy while it trains.
    """
    steps = sum(grid.steps(group[0]) for group in groups)
    self._board = Board(len(groups), steps, Console(stderr=True), quiet=not hosts.leads())
    self._out, self._tracker, self._show_target = Path(out), Tracker(), show_target
    self._several_pairs = len({one.suite.tasks for group in groups for one in group}) > 1
    self._mode: Mode = wandb if hosts.leads() else "off"

  def __enter__(self) -> "Reporting":
    self._board.__enter__()
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
  ) -> None:
    self._board.__exit__(kind, error, trace)

  def begin(self, name: str, experiments: Sequence[Experiment], steps: int) -> None:
    """Start a program."""
    self._experiment = experiments[0]
    if self._several_pairs:  # each is a suite of its own, within which its only task needs no name
      name = f"{self._experiment.task.name} {name}"
    self._board.begin(name, steps)
    if self._mode != "off":
      run = wandb_run.described(self._experiment, record.environment())
      self._tracker.start(self._mode, "adapt", run.name, run.config, self._out, run.group, run.tags)

  def report(self, step: int, past: History) -> None:
    """Report the steps done."""
    loss, source = past.mean("loss"), past.mean("source_test")
    assert loss is not None
    self._board.report(step, loss, source, past.mean("target_test") if self._show_target else None)
    if self._mode != "off":
      self._tracker.log(step, wandb_run.measured(past, bool(self._experiment.search)))

  def end(self, records: Sequence[dict[str, Any]], fresh: bool) -> None:
    """Finish a program with its records."""
    if self._mode != "off":
      table = wandb_run.results(records)
      self._tracker.finish(wandb_run.summary(records), self._pictures(records), *table)
    self._board.end(records, fresh)

  def fail(self) -> None:
    """Finish a program with an error."""
    self._tracker.fail()

  def _pictures(self, records: Sequence[dict[str, Any]]) -> dict[str, Path]:
    """Draw the learning curves, if available and drawable."""
    if not records or not importlib.util.find_spec("matplotlib"):
      return {}
    first = records[0]
    place = self._out / "wandb" / first["suite"] / first["task"] / f"{first['label']}.png"
    picture = curves.written(list(records), place)
    return {"curves": picture} if picture else {}
