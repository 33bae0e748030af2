"""What a terminal shows of a grid: the cell at work, all that is left, and a line for each that has ended."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapt.report.summary import by_seed, cell

_DAY = 86400.0


class Board:
  """A context in which cells begin, report and end, one after the other.

  Lines of cells that have ended stay where they are, also in a file; the live lines below them are
  for terminals. The time left of all cells supposes that a step of the next ones takes as long.
  """

  def __init__(self, cells: int, steps: int, console: Console, quiet: bool = False) -> None:
    self._cells, self._ended, self._quiet = cells, 0, quiet
    self._bars = Progress(
      TextColumn("{task.description}"),
      BarColumn(bar_width=12),
      TextColumn("{task.completed}/{task.total}"),
      TimeRemainingColumn(compact=True),
      TextColumn("{task.fields[what]}"),
      console=console,
      disable=quiet,
      speed_estimate_period=_DAY,  # evaluations may be minutes apart
    )
    self._left, self._all = steps, None
    if cells > 1:
      self._all = self._bars.add_task("all cells", total=steps, what=f"0 of {cells}")

  def __enter__(self) -> "Board":
    self._bars.start()
    return self

  def __exit__(
    self,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
  ) -> None:
    self._bars.stop()

  def begin(self, name: str, steps: int) -> None:
    """A cell begins."""
    self._name, self._steps, self._done, self._began = name, steps, 0, time.monotonic()
    self._bar = self._bars.add_task(name, total=steps, what="compiling …")

  def report(self, step: int, loss: float, accuracy: float | None) -> None:
    """It has done so many steps; means over seeds."""
    what = f"loss {loss:.3f}" + ("" if accuracy is None else f"  target {100 * accuracy:.1f}")
    self._bars.update(self._bar, completed=step, what=what)
    self._advance(step - self._done)
    self._done = step

  def end(self, records: Sequence[dict[str, Any]], fresh: bool) -> None:
    """It has ended with these records, or they were there already."""
    self._ended += 1
    self._bars.remove_task(self._bar)
    if fresh:
      self._advance(self._steps - self._done)
    else:  # no step of it was taken, so it says nothing of how fast steps are
      self._left -= self._steps
      if self._all is not None:
        self._bars.update(self._all, total=self._left)
    if self._all is not None:
      self._bars.update(self._all, what=f"{self._ended} of {self._cells}")
    took = f"{time.monotonic() - self._began:.0f} s" if fresh else "done before"
    count = f"{self._ended}/{self._cells}  " if self._cells > 1 else ""
    for line in () if self._quiet else outcomes(records):
      self._bars.console.print(Text(f"{count}{self._name}{line}  {took}"), soft_wrap=True)

  def _advance(self, steps: int) -> None:
    if self._all is not None:
      self._bars.update(self._all, advance=steps)


def outcomes(records: Sequence[dict[str, Any]]) -> list[str]:
  """Target accuracy of each record, in percent, mean and sample deviation over seeds, if there is one."""
  lines = []
  for record in records:
    found = cell(by_seed(record, "last", "accuracy").values())
    which = [record[n] for n in ("task", "label") if len({r[n] for r in records}) > 1]
    name = f" ({' '.join(which)})" if which else ""
    shown = f"  target {100 * found.mean:.1f}" if found.n else ""
    lines.append(f"{name}{shown}" + ("" if found.std is None else f" ± {100 * found.std:.1f}"))
  return lines
