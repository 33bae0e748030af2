"""Tells a terminal, and wandb where asked to, how far a grid is."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from rich.console import Console

from adapt.cli.progress import Board
from adapt.experiments import grid
from adapt.experiments.experiment import Experiment, points
from adapt.report import figures
from adapt.report.summary import by_seed, cell
from adapt.report.wandb_log import Mode, Tracker
from adapt.training import hosts


class Reporting:
  """A `grid.Reporter`: a context that shows programs on a board and tracks them."""

  def __init__(
    self, groups: Sequence[Sequence[Experiment]], out: str | Path, wandb: Mode = "off"
  ) -> None:
    """Args: what is to run, the folder of records, and how wandb tracks it."""
    steps = sum(grid.steps(group[0]) for group in groups)
    self._board = Board(len(groups), steps, Console(stderr=True), quiet=not hosts.leads())
    self._out, self._tracker = Path(out), Tracker()
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
    """A program begins."""
    first = experiments[0]
    task = first.task.name if len(experiments) == 1 else f"{len(experiments)} tasks"
    self._board.begin(name, steps)
    config = {**first.settings._asdict(), "seeds": len(first.seeds), **first.method.given}
    place = f"{first.suite.name}/{task}/{points(first)[0].label}"
    self._tracker.start(self._mode, "adapt", place, config, self._out)

  def report(self, step: int, loss: float, accuracy: float | None) -> None:
    """It has done so many steps."""
    self._board.report(step, loss, accuracy)
    shown = {"loss": loss} | ({} if accuracy is None else {"target_accuracy": accuracy})
    self._tracker.log(step, shown)

  def end(self, records: Sequence[dict[str, Any]], fresh: bool) -> None:
    """It has ended with these records."""
    self._track(records)
    self._board.end(records, fresh)

  def fail(self) -> None:
    """It has ended with an error."""
    self._track(())

  def _track(self, records: Sequence[dict[str, Any]]) -> None:
    """Sends the final table and the learning curves, if there are any."""
    if self._mode == "off":
      return
    rows = []
    for r in records:
      each = (
        {n: cell(by_seed(r, "last", n).values()) for n in ("accuracy", "f1")} if r["last"] else {}
      )
      rows += [(r["label"], n, v.mean, v.std) for n, v in each.items() if v]
    pictures = {}
    if records and importlib.util.find_spec("matplotlib"):
      first = records[0]
      place = self._out / "wandb" / first["suite"] / first["task"] / f"{first['label']}.png"
      picture = figures.curves(list(records), place)
      pictures = {"curves": picture} if picture else {}
    summary = {f"{label}/{name}": mean for label, name, mean, _ in rows}
    self._tracker.finish(summary, pictures, ("label", "measure", "mean", "std"), rows)
