"""Methods ranked over tasks: Friedman's test and Nemenyi's critical difference.

Source: Demšar (JMLR 7, 2006).
"""

import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from adapt import outputs
from adapt.report.significance import LEVEL, is_null
from adapt.report.style import canvas, save
from adapt.report.summary import Record, by_seed, cell, headline, labelled

if TYPE_CHECKING:
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

FEWEST_METHODS, FEWEST_TASKS = 3, 5
MOST_METHODS = 15  # of a critical-difference diagram: more names and bars than that are not read
DRAWS = 2000  # of the bootstrap


class Ranking(NamedTuple):
  """Mean ranks of methods over their common tasks; 1 is best."""

  ranks: dict[str, float]  # label → mean rank, best first
  tasks: int
  p: float  # Friedman's test that all methods rank alike
  difference: float  # the critical difference of two mean ranks, at LEVEL
  groups: tuple[tuple[str, ...], ...]  # maximal runs of neighbours that are not told apart
  without: tuple[str, ...]  # labels left out, which lack tasks that others have
  intervals: dict[str, tuple[float, float]]  # label → 95 % bootstrap over tasks


def ranking(records: Sequence[Record]) -> Ranking | None:
  """Ranks the methods of one suite by mean over seeds, per task.

  Methods that see target labels are not ranked. Null controls are no methods, and how many there
  are would change everybody's ranks. The tasks are those that most labels have; a label that lacks
  one is left out. Ties share their mean rank. None below three methods or five tasks, where there
  is little to rank.
  """
  measure = headline(records)
  sign = outputs.measure(measure).sign
  scores: dict[str, dict[str, float]] = {}
  for record in records:
    mean = cell(by_seed(record, "last", measure).values())
    if mean.n and not labelled(record) and not is_null(record):
      scores.setdefault(record["label"], {})[record["task"]] = sign * mean.mean
  most = statistics.multimode(sorted(map(_set, scores.values()), key=sorted))
  tasks = sorted(max(most, key=len, default=()))
  labels = sorted(label for label, mine in scores.items() if set(tasks) <= set(mine))
  if len(labels) < FEWEST_METHODS or len(tasks) < FEWEST_TASKS:
    return None
  from scipy import stats

  table = np.array([[scores[label][task] for label in labels] for task in tasks])  # [tasks, k]
  ranks = stats.rankdata(-np.round(table, 9), axis=1)
  mean_ranks = dict(zip(labels, ranks.mean(axis=0).tolist(), strict=True))
  ordered = dict(sorted(mean_ranks.items(), key=lambda item: (item[1], item[0])))
  same = bool((np.ptp(ranks, axis=1) == 0).all())  # the statistic would be 0 / 0
  p = 1.0 if same else float(stats.friedmanchisquare(*(-np.round(table, 9)).T).pvalue)
  difference = critical_difference(len(labels), len(tasks))
  without = tuple(sorted(set(scores) - set(labels)))
  groups = _groups(ordered, difference)
  return Ranking(ordered, len(tasks), p, difference, groups, without, _intervals(labels, ranks))


def _intervals(labels: Sequence[str], ranks: np.ndarray) -> dict[str, tuple[float, float]]:
  """95 % percentile intervals of mean ranks; tasks are drawn anew, all methods together."""
  chosen = np.random.default_rng(0).integers(len(ranks), size=(DRAWS, len(ranks)))
  tail = 100 * LEVEL / 2
  low, high = np.percentile(ranks[chosen].mean(axis=1), [tail, 100 - tail], axis=0)
  return dict(zip(labels, zip(low.tolist(), high.tolist(), strict=True), strict=True))


def critical_difference(methods: int, tasks: int) -> float:
  """Nemenyi's critical difference of two mean ranks at LEVEL.

  It holds whatever else was compared.
  """
  from scipy import stats

  q = float(stats.studentized_range.ppf(1 - LEVEL, methods, np.inf)) / np.sqrt(2)
  return float(q * np.sqrt(methods * (methods + 1) / (6 * tasks)))


def _set(mine: dict[str, float]) -> frozenset[str]:
  return frozenset(mine)


def _groups(ranks: dict[str, float], difference: float) -> tuple[tuple[str, ...], ...]:
  labels, values = list(ranks), list(ranks.values())
  found, furthest = [], 0
  for i in range(len(labels)):
    end = max(j for j in range(i, len(labels)) if values[j] - values[i] < difference) + 1
    if end > furthest and end - i > 1:
      found.append(tuple(labels[i:end]))
    furthest = max(furthest, end)
  return tuple(found)


def diagram(records: Sequence[Record], path: Path) -> Path | None:
  """Draws the critical-difference diagram, or of many methods their ranks with intervals.

  In the diagram the best is on the left; thick bars join what is not told apart.
  """
  found = ranking(records)
  if found is None:
    return None
  title = f"{records[0]['suite']}: mean rank over {found.tasks} tasks (Friedman p = {found.p:.1g})"
  draw = _diagram if len(found.ranks) <= MOST_METHODS else _listed
  return save(draw(found, title), path)


def _listed(found: Ranking, title: str) -> "Figure":
  """A row a method, the best on top: its mean rank and the interval over tasks."""
  figure, axes = canvas(1, 1, (6.0, 0.2 * len(found.ranks) + 1.0))
  axis = axes[0][0]
  for y, (label, rank) in enumerate(found.ranks.items()):
    axis.plot(found.intervals[label], [y, y], color="#777777", linewidth=1.5)
    axis.plot([rank], [y], color="black", marker="o", markersize=4)
  names = [f"{label}  {rank:.1f}" for label, rank in found.ranks.items()]
  axis.set_yticks(range(len(names)), names, fontsize=8)
  axis.set_ylim(len(names) - 0.4, -0.6)
  figure.supxlabel("mean rank, with a 95 % bootstrap interval over tasks", fontsize=9)
  axis.grid(alpha=0.3, axis="x")
  axis.set_title(title, fontsize=10, loc="right")
  return figure


def _diagram(found: Ranking, title: str) -> "Figure":
  count, half = len(found.ranks), (len(found.ranks) + 1) // 2
  bars = len(found.groups)
  depth = 0.8 + 0.35 * bars  # of the first name, below the axis
  height = depth + 0.55 * half + 1.4
  figure, axes = canvas(1, 1, (8.0, 0.42 * height + 0.5))
  axis = axes[0][0]
  axis.set_xlim(1 - 0.42 * (count - 1), count + 0.42 * (count - 1))
  axis.set_ylim(height - 1.2, -2.4)
  axis.axis("off")
  axis.plot([1, count], [0, 0], color="black", linewidth=1.2)
  ticks = range(1, count + 1, 1 if count <= 12 else 2)
  for tick in ticks:
    axis.plot([tick, tick], [-0.2, 0], color="black", linewidth=1)
    axis.text(tick, -0.3, str(tick), ha="center", va="bottom", fontsize=9)
  wide = min(found.difference, count - 1)
  axis.plot([1, 1 + wide], [-1.45, -1.45], color="black", linewidth=1.2)
  for end in (1, 1 + wide):
    axis.plot([end, end], [-1.65, -1.25], color="black", linewidth=1.2)
  axis.text(
    1, -1.7, f"critical difference {found.difference:.2f}", ha="left", va="bottom", fontsize=9
  )
  _names(axis, found, half, depth)
  for i, group in enumerate(found.groups):
    left, right = found.ranks[group[0]], found.ranks[group[-1]]
    y, short = 0.45 + 0.35 * i, 0.01 * (count - 1)  # a bar over equal ranks is still to be seen
    room = max(0.0, short - (right - left) / 2)
    bar = axis.plot([left - room, right + room], [y, y], color="black", linewidth=4)
    bar[0].set_solid_capstyle("butt")
  axis.set_title(title, fontsize=11)
  return figure


def _names(axis: "Axes", found: Ranking, half: int, depth: float) -> None:
  """Each method's line from its rank down to its name, the better half on the left."""
  count = len(found.ranks)
  edge = 0.06 * (count - 1)
  for i, (label, rank) in enumerate(found.ranks.items()):
    left = i < half
    y = depth + 0.55 * (i if left else count - 1 - i)
    x = 1 - edge if left else count + edge
    axis.plot([rank, rank, x], [0, y, y], color="black", linewidth=0.7)
    side = "right" if left else "left"
    gap = -0.01 if left else 0.01
    text = f"{label}  {rank:.1f}" if left else f"{rank:.1f}  {label}"
    axis.text(x + gap * (count - 1), y, text, ha=side, va="center", fontsize=9)
