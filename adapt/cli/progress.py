"""Terminal progress display of a grid.

It has live lines, and a line per finished cell.
"""

import math
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from rich.console import Console, RenderableType
from rich.progress import Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from adapt.report.summary import by_seed, cell
from adapt.training import live

_DAY = 86400.0


class Place(NamedTuple):
  """Progress of a live line between two evaluations."""

  step: int  # at least, or estimated
  said: str  # as the line says it
  speed: float = 0.0  # steps a second up to the last evaluation; 0: unknown


class Board:
  """Progress board, a context for cells run one by one.

  Lines of cells that have ended stay where they are, also in a file; the live lines below them are
  for terminals. The time left of all cells supposes that a step of the next ones takes as long.
  """

  def __init__(self, cells: int, steps: int, console: Console, quiet: bool = False) -> None:
    self._cells, self._ended, self._quiet = cells, 0, quiet
    self._done = 0
    self._bar: TaskID | None = None
    self._bars = Progress(
      TextColumn("{task.description}"),
      _Column(lambda t: ProgressBar(t.total or 0, self._place(t).step, width=12)),
      _Column(lambda t: Text(self._place(t).said, "progress.download")),
      _Column(lambda t: _time(self._place(t), t.total or 0)),
      _Column(lambda t: Text(self._doing(t))),
      console=console,
      disable=quiet,
      speed_estimate_period=_DAY,  # evaluations may be minutes apart
    )
    self._left = steps
    self._all: TaskID | None = None
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
    """Start a cell."""
    self._name, self._steps, self._done, self._began = name, steps, 0, time.monotonic()
    self._bar = self._bars.add_task(name, total=steps, what="")

  def report(
    self, step: int, loss: float, source: float | None = None, target: float | None = None
  ) -> None:
    """Report the steps done, with means over cells.

    Accuracies are None where they stay hidden.
    """
    shown = {"source": source, "target": target}
    parts = [f"{name} {100 * v:.1f}" for name, v in shown.items() if v is not None]
    if self._bar is not None:
      self._bars.update(self._bar, completed=step, what="  ".join([f"loss {loss:.3f}", *parts]))
    self._advance(step - self._done)
    self._done = step

  def end(self, records: Sequence[dict[str, Any]], fresh: bool) -> None:
    """Finish a cell with its records.

    They are fresh, or they were there already.
    """
    self._ended += 1
    if self._bar is not None:
      self._bars.remove_task(self._bar)
    self._bar = None
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

  def _place(self, task: Task) -> Place:
    """Return a line's progress: counted, estimated, or unknown."""
    done, total = int(task.completed), int(task.total or 0)
    now = None if self._bar is None or live.aside() else live.now()
    if now is None:
      return Place(done, f"{done:,} of {total:,}", task.speed or 0.0)
    found = live.position(now)
    if task.id == self._bar:  # a run that goes on has told nothing yet of what it had done
      done = max(done, now.done)
    step = done + (found.step - now.done if found else 0)
    if task.id != self._bar:
      return Place(step, f"{done:,} of {total:,}", task.speed or now.rate)
    if found is None:  # nothing tells how fast the first steps are
      return Place(step, f"step {done:,}–{done + now.coming - now.done:,} of {total:,}")
    return Place(step, f"step {'' if found.exact else '~'}{step:,} of {total:,}", now.rate)

  def _doing(self, task: Task) -> str:
    """Describe the current activity and the newest measures."""
    if task.id != self._bar:
      return str(task.fields["what"])
    now = live.now()
    if live.weighting():
      doing = live.weighting()
    elif live.compiling():
      doing = "compiling"
    elif now is None:
      doing = "finishing" if task.completed else "preparing"
    else:
      unknown = not (live.aside() or now.rate or now.counted)
      doing = f"training for {time.monotonic() - now.since:.0f} s" if unknown else ""
    if name := live.aside():
      doing = f"{name}: {' '.join(filter(None, (doing, _elsewhere(now) if now else '')))}"
    return "  ".join(filter(None, (doing, str(task.fields["what"]))))


class _Column(ProgressColumn):
  """A column redrawn by a function at every refresh."""

  def __init__(self, draw: Callable[[Task], RenderableType]) -> None:
    super().__init__(Column(no_wrap=True, overflow="ellipsis"))
    self._draw = draw

  def render(self, task: Task) -> RenderableType:
    """Render the column of one line."""
    return self._draw(task)


def _elsewhere(now: live.Now) -> str:
  """Format the progress of a program without its own line."""
  found = live.position(now)
  if found is None:
    return f"step {now.done:,}–{now.coming:,} of {now.total:,}"
  return f"step {'' if found.exact else '~'}{found.step:,} of {now.total:,}"


def _time(place: Place, total: float) -> Text:
  """Format the remaining time at the speed of recent evaluations.

  It is in minutes and seconds.
  """
  if not place.speed:
    return Text("--:--", "progress.remaining")
  minutes, seconds = divmod(math.ceil(max(total - place.step, 0) / place.speed), 60)
  hours, minutes = divmod(minutes, 60)
  text = f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes:02d}:{seconds:02d}"
  return Text(text, "progress.remaining")


def outcomes(records: Sequence[dict[str, Any]]) -> list[str]:
  """Format each record's target accuracy in percent.

  It is the mean and sample deviation over seeds, if there is one.
  """
  lines = []
  for record in records:
    found = cell(by_seed(record, "last", "accuracy").values())
    which = [record[n] for n in ("task", "label") if len({r[n] for r in records}) > 1]
    name = f" ({' '.join(which)})" if which else ""
    shown = f"  target {100 * found.mean:.1f}" if found.n else ""
    lines.append(f"{name}{shown}" + ("" if found.std is None else f" ± {100 * found.std:.1f}"))
  return lines
