"""Draws a task's curves: the target measure by step."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapt import outputs
from adapt.report.style import COLOURS, canvas, save
from adapt.report.summary import Record, bound, by_seed, cell, over_steps, rank

if TYPE_CHECKING:
  from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")
BOUNDS: Mapping[str, tuple[str, str]] = {
  "source_only": ("black", ":"),
  "target_only": ("#777777", ":"),
}


def written(records: Sequence[Record], path: Path) -> Path | None:
  """Writes the picture of `figure`; None where there is nothing to draw."""
  return save(figure(records), path)


def figure(records: Sequence[Record]) -> "Figure | None":
  """Target measure by step (`over_steps`): mean ± standard deviation over seeds."""
  shown, (name, called) = {}, over_steps(records)
  main = outputs.measure(name)
  for record in sorted(records, key=lambda r: rank(r["label"])):
    by_number = by_seed(record, "curves", f"target_{main.name}")
    # After a loss that is not finite, accuracies are those of a constant guess.
    lost = record.get("diverged") or {}
    accuracy = [values for seed, values in by_number.items() if values and str(seed) not in lost]
    if any(value is not None for seed in accuracy for value in seed):
      shown[record["label"]] = (record["curves"]["step"], accuracy)
  if not shown:
    return None
  drawn, axes = canvas(1, 1, (7.5, max(4.0, 0.24 * len(shown) + 1.2)))
  axis = axes[0][0]
  ends = {}
  styles = _styles(list(shown))
  band = 0.15 if len(shown) <= 8 else 0.06  # many, laid over each other, would hide the lines
  for label, (steps, accuracy) in shown.items():
    points = [cell(values) for values in zip(*accuracy, strict=True)]
    means = [main.scale * point.mean for point in points]
    spread = [main.scale * (point.std or 0) for point in points]
    style = styles[label]
    low, high = zip(*((m - s, m + s) for m, s in zip(means, spread, strict=True)), strict=True)
    axis.fill_between(steps, low, high, color=style["color"], alpha=band, linewidth=0)
    (line,) = axis.plot(steps, means, label=label, markersize=4.5, linewidth=1.5, **style)
    lost_all = math.isnan(means[-1])
    last = "diverged" if lost_all else f"{means[-1]:.{main.digits}f}"
    ends[label] = (-math.inf if lost_all else means[-1], line, f"{label}  {last}")
  axis.set_xlabel("step")
  axis.set_ylabel(called.replace(", ", ",\n", 1))  # on one line the axis is too short for it
  seeds = max(len(accuracy) for _, accuracy in shown.values())
  over = f", mean ± std over {seeds} seeds" if seeds > 1 else ""
  drawn.suptitle(title(records[0]) + over, fontsize=11)
  axis.grid(alpha=0.3)
  # Listed from the top line to the bottom one, beside the axes, where it hides nothing.
  order = sorted(ends, key=lambda label: (-ends[label][0], label))
  drawn.legend(
    [ends[label][1] for label in order],
    [ends[label][2] for label in order],
    loc="outside right center",
    fontsize=9,
    frameon=False,
    handlelength=3.5,
    title="last step",
  )
  return drawn


def _styles(labels: Sequence[str]) -> dict[str, dict[str, Any]]:
  styles: dict[str, dict[str, Any]] = {}
  bounds: dict[str, str] = {}  # the first of each, as lines alike could not be told apart
  for label in labels:
    if (name := bound(label)) and bounds.setdefault(name, label) == label:
      colour, line = BOUNDS[name]
      styles[label] = {"color": colour, "linestyle": line, "marker": "None", "zorder": 1.9}
      continue
    i = len(styles) - len(bounds)
    styles[label] = {
      "color": COLOURS[i % len(COLOURS)],
      "linestyle": STYLES[i % len(STYLES)],
      "marker": MARKERS[i % len(MARKERS)],
    }
  return styles


def title(record: Record) -> str:
  """What a task's pictures are called."""
  return (
    f"{record['suite']}: {' + '.join(record['config']['source'])} → {record['config']['target']}"
  )
