"""One method's curves on several suites, each averaged over tasks."""

import collections
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from adapt import outputs
from adapt.report.baselines import BASELINE
from adapt.report.style import COLOURS, canvas
from adapt.report.summary import BOUND, Cell, Record, average, over_steps

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

LEVEL = BOUND[0]  # shown by what it reaches at the end
_COLUMNS = 2
# Line and markers tell them apart without colours; black is the page's colour of text.
_STYLES: dict[str, dict[str, Any]] = {
  BASELINE: {"color": "black", "linestyle": "--", "linewidth": 1.3},
  LEVEL: {"color": "#777777", "linestyle": ":", "linewidth": 1.6},
}
_OWN = {"color": COLOURS[1], "linestyle": "-", "linewidth": 1.8, "marker": "o", "markersize": 3.5}


class Panel(NamedTuple):
  """One suite's curves."""

  suite: str
  measure: str  # of outputs
  tasks: int  # that the method's curve is the mean of
  seeds: int
  curves: dict[str, tuple[tuple[int, ...], tuple[Cell, ...]]]  # label → steps and values there
  level: float | None  # what target_only reaches on the same tasks


def panel(label: str, records: Sequence[Record]) -> Panel | None:
  """A suite's curves of one label beside source_only.

  None where it has no history. Of several numbers of steps the commonest counts, and of its tasks those
  that source_only has too, or all where it has none.

  Args:
    label: of the method's usual run.
    records: of one suite, with the measure of its tables.
  """
  known = [r for r in records if r["label"] in (label, BASELINE, LEVEL) and _steps(r)]
  every = {n: {r["task"]: r for r in known if r["label"] == n} for n in (label, BASELINE, LEVEL)}
  grids = collections.Counter(map(_steps, every[label].values()))
  if not grids:
    return None
  measure = over_steps(known)[0]
  [(usual, _)] = grids.most_common(1)
  mine = [task for task, r in every[label].items() if _steps(r) == usual]
  tasks = [task for task in mine if task in every[BASELINE]] or mine
  curves = {}
  for name in dict.fromkeys((BASELINE, label)):
    if found := _mean([every[name][t] for t in tasks if t in every[name]], len(tasks), measure):
      curves[name] = found
  if label not in curves:
    return None
  bound = _mean([every[LEVEL][t] for t in tasks if t in every[LEVEL]], len(tasks), measure)
  level = bound[1][-1].mean if bound and label != LEVEL else None
  seeds = max(cell.n for cell in curves[label][1])
  return Panel(records[0]["suite"], measure, len(tasks), seeds, curves, level)


def _steps(record: Record) -> tuple[int, ...]:
  """The steps of its evaluations; none where they are too few for a line."""
  steps = tuple((record.get("curves") or {}).get("step") or ())
  return steps if len(steps) > 1 else ()


def _mean(
  records: Sequence[Record], tasks: int, measure: str
) -> tuple[tuple[int, ...], tuple[Cell, ...]] | None:
  """Steps, and the mean over records at each; None unless all tasks have the same steps."""
  if len(records) != tasks or len({*map(_steps, records)}) != 1:
    return None
  steps = _steps(records[0])
  means = [average([_at(r, measure, i) for r in records], "at", measure) for i in range(len(steps))]
  cells = tuple(cell for cell in means if cell is not None and cell.n)
  return (steps, cells) if len(cells) == len(steps) else None


def _at(record: Record, measure: str, evaluation: int) -> Record:
  """The record as of one evaluation; a seed that diverged, whose outputs are a guess, has no value."""
  seeds, lost = record["config"]["seeds"], record.get("diverged") or {}
  curves = record["curves"].get(f"target_{measure}") or [None] * len(seeds)
  values = [
    None if curve is None or str(seed) in lost else curve[evaluation]
    for seed, curve in zip(seeds, curves, strict=True)
  ]
  return {"config": record["config"], "at": {measure: values}}


def figure(label: str, panels: Sequence[Panel]) -> "Figure | None":
  """The curves side by side; None where there are none.

  Args:
    label: of the method.
    panels: as many as are to be seen.
  """
  if not panels:
    return None
  columns = min(_COLUMNS, len(panels))
  rows = -(-len(panels) // columns)
  drawn, axes = canvas(rows, columns, (3.55 * columns, 2.4 * rows + 0.4))
  for axis in list(axes.flat)[len(panels) :]:
    axis.set_visible(False)
  handles: dict[str, Any] = {}
  for axis, one in zip(axes.flat, panels, strict=False):
    handles |= _draw(axis, label, one)
  drawn.legend(
    list(handles.values()),
    [f"{name}, last step" if name == LEVEL != label else name for name in handles],
    loc="outside lower center",
    ncols=3 if columns > 1 else 2,
    fontsize=9,
    frameon=False,
    handlelength=3,
  )
  return drawn


def _draw(axis: "Axes", label: str, one: Panel) -> dict[str, Any]:
  """Draws a panel; its lines by name."""
  how, handles = outputs.measure(one.measure), {}
  for name, (steps, cells) in one.curves.items():
    style = _OWN if name == label else _STYLES[name]
    low = [how.scale * (cell.mean - (cell.std or 0)) for cell in cells]
    high = [how.scale * (cell.mean + (cell.std or 0)) for cell in cells]
    axis.fill_between(steps, low, high, color=style["color"], alpha=0.18, linewidth=0)
    [handles[name]] = axis.plot(steps, [how.scale * cell.mean for cell in cells], **style)
  if one.level is not None:
    handles[LEVEL] = axis.axhline(how.scale * one.level, **_STYLES[LEVEL])
  axis.set_title(
    f"{one.suite}: {_count(one.tasks, 'task')}, {_count(one.seeds, 'seed')}", fontsize=10
  )
  axis.set_xlabel("step", fontsize=9)
  axis.set_ylabel(how.title.partition(" (")[0] + " (%)" * how.percent, fontsize=9)
  axis.tick_params(labelsize=9)
  axis.locator_params(nbins=4)
  axis.spines[["top", "right"]].set_visible(False)
  return handles


def _count(number: int, what: str) -> str:
  return f"{number} {what}{'s' * (number != 1)}"
