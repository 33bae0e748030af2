"""Pictures of trust: validators' scores against what is reached, confidence against accuracy."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapt import outputs
from adapt.report import selection
from adapt.report.style import canvas, entitle, save
from adapt.report.summary import Record, by_seed, cell, labelled, over_steps, percent

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.axes import Axes
  from matplotlib.collections import PolyCollection
  from matplotlib.figure import Figure

COLUMNS = 3  # panels side by side


def validators(records: Sequence[Record], path: Path) -> Path | None:
  """Draws each validator's score against the measure of the target's curves.

  Each validator has a panel, with every evaluation of every method. Left out are methods that see
  target labels, as no validator would be needed there, and tasks of one method.

  Args:
    records: of one suite.
    path: where the picture goes.
  """
  fair = [r for r in records if not labelled(r)]
  every = {name: list(selection.runs(fair, name)) for name in selection.validators(fair)}
  shown = {name: runs for name, runs in every.items() if any(selection.by_task(runs))}
  if not shown:
    return None
  columns = min(COLUMNS, len(shown))
  rows = -(-len(shown) // columns)
  figure, axes = canvas(rows, columns, (3.5 * columns, 3.2 * rows + 0.4))
  for axis in axes.flat[len(shown) :]:
    axis.set_visible(False)
  clouds = []
  for axis, (name, runs) in zip(axes.flat, shown.items(), strict=False):
    clouds.append(_cloud(axis, *_placed(runs)))
    rho = selection.worth(fair, name).across
    told = "" if rho is None else f", ρ = {rho:.2f}"
    axis.set_title(f"{name}{told}", fontsize=10)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
  _shade(figure, axes, clouds)
  measure = outputs.measure(over_steps(fair)[0])
  title, unit = measure.title.partition(" (")[0], "points" if measure.percent else "hundredths"
  for row in axes:
    row[0].set_ylabel(f"{title} above the task's mean ({unit})", fontsize=9)
  for axis in list(axes.flat)[: len(shown)][-columns:]:
    axis.set_xlabel("rank of the score in its task (%)", fontsize=9)
  handles, names = axes[0][0].get_legend_handles_labels()
  figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
  figure.suptitle(
    f"{records[0]['suite']}: validators at every evaluation (ρ in a task, mean over tasks)",
    fontsize=11,
  )
  return save(figure, path)


def _shade(figure: "Figure", axes: "np.ndarray", clouds: "Sequence[PolyCollection]") -> None:
  """One scale for all panels: logarithmic, and a single evaluation can be seen."""
  import numpy as np
  from matplotlib import colormaps
  from matplotlib.colors import LinearSegmentedColormap, LogNorm

  most = max(2, *(float(np.max(np.ma.asarray(cloud.get_array()))) for cloud in clouds))
  shades = colormaps["Blues"]([0.25 + 0.75 * i / 255 for i in range(256)])
  for cloud in clouds:
    cloud.set(cmap=LinearSegmentedColormap.from_list("shades", shades), norm=LogNorm(1, most))
  ticks = [t * 10**e for e in range(6) for t in (1, 2, 5) if t * 10**e <= most]
  bar = figure.colorbar(clouds[0], ax=axes.ravel().tolist(), ticks=ticks, shrink=0.5, pad=0.02)
  bar.ax.set_yticklabels(list(map(str, ticks)))
  bar.minorticks_off()
  bar.set_label("evaluations", fontsize=9)


def _placed(runs: Sequence[selection.Run]) -> "tuple[np.ndarray, np.ndarray]":
  """Of each evaluation the score's rank in its task (%) and the measure above the task's mean.

  Both are what Spearman's ρ in a task is about: scores have no unit, and tasks differ in level.
  """
  import numpy as np
  from scipy import stats

  ranks, above = [], []
  for score, reached in selection.by_task(runs):
    ranks.append(100 * (stats.rankdata(score) - 0.5) / len(score))
    above.append(100 * (reached - reached.mean()))
  return np.concatenate(ranks), np.concatenate(above)


def _cloud(axis: "Axes", x: "np.ndarray", y: "np.ndarray") -> "PolyCollection":
  """Hexagons, the darker the more evaluations, and the mean of each tenth of the ranks."""
  import numpy as np

  drawn = axis.hexbin(x, y, gridsize=(22, 14), mincnt=1, cmap="Blues", linewidths=0.2)
  tenths = np.minimum(x // 10, 9)
  means = [(10 * t + 5, y[tenths == t].mean()) for t in range(10) if (tenths == t).any()]
  axis.plot(*zip(*means, strict=True), "o-", color="black", markersize=4, label="mean of a tenth")
  return drawn


def reliability(records: Sequence[Record], path: Path) -> Path | None:
  """Writes the picture of `reliability_figure`; None where there is nothing to draw."""
  return save(reliability_figure(records), path)


def reliability_figure(records: Sequence[Record]) -> "Figure | None":
  """Accuracy against confidence, before and after adaptation (Guo et al., 2017, arXiv:1706.04599).

  Args:
    records: the records of what is set side by side; those without `bins` are left out.
  """
  shown = [(r, bins) for r in records if (bins := _bins(r)) is not None]
  if not shown:
    return None
  figure, axes = canvas(1, len(shown), (3.9 * len(shown) + 0.3, 4.0))
  for axis, (record, bins) in zip(axes[0], shown, strict=True):
    _draw_reliability(axis, bins)
    error = cell(by_seed(record, "last", "calibration_error").values())
    entitle(axis, f"{record['label']} (calibration error {percent(error)} %)", 10)
  axes[0][0].set_ylabel("accuracy (%)")
  handles, names = axes[0][0].get_legend_handles_labels()
  figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
  config = shown[0][0]["config"]
  pair = f"{' + '.join(config['source'])} → {config['target']}"
  figure.suptitle(f"{shown[0][0]['suite']}: {pair}, all seeds together", fontsize=11)
  return figure


def _bins(record: Record) -> "np.ndarray | None":
  """[bins, 3] examples, summed confidence and correct ones, pooled over seeds."""
  import numpy as np

  known = [np.asarray(bins, float) for bins in record.get("bins") or [] if bins is not None]
  return np.sum(known, axis=0) if known and np.sum(known) > 0 else None


def _draw_reliability(axis: "Axes", bins: "np.ndarray") -> None:
  """Bars of accuracy, a hatched gap up or down to the confidence, and where the examples are."""
  import numpy as np

  count = len(bins)
  left = np.arange(count) * 100 / count
  full = bins[:, 0] > 0
  n = np.maximum(bins[:, 0], 1)
  confidence, right = 100 * bins[:, 1] / n, 100 * bins[:, 2] / n
  wide = 100 / count
  axis.bar(
    left[full],
    right[full],
    wide,
    align="edge",
    color="#9db8d2",
    edgecolor="black",
    linewidth=0.7,
    label="accuracy",
  )
  low, high = np.minimum(right, confidence), np.maximum(right, confidence)
  axis.bar(
    left[full],
    (high - low)[full],
    wide,
    bottom=low[full],
    align="edge",
    color="none",
    edgecolor="#A33C00",
    hatch="////",
    linewidth=0.7,
    label="gap to confidence",
  )
  axis.plot([0, 100], [0, 100], color="black", linestyle="--", linewidth=1, label="calibrated")
  share = 100 * bins[:, 0] / bins[:, 0].sum()
  centre = left + 50 / count
  axis.plot(
    centre, share, color="black", marker="o", markersize=3, linewidth=0.8, label="% of examples"
  )
  axis.set_xlim(0, 100)
  axis.set_ylim(0, 100)
  axis.set_xlabel("confidence (%)")
