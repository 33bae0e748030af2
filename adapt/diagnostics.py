"""Pictures of trust: validators' scores against target accuracy, confidence against accuracy."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from adapt import selection
from adapt.canvas import COLOURS, canvas, save
from adapt.summary import Record, by_seed, cell, labelled, percent

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.axes import Axes

COLUMNS = 3  # panels side by side


def validators(records: Sequence[Record], path: Path) -> Path | None:
  """A panel per validator: its score at every evaluation of every method against target accuracy.

  Methods that see target labels are left out, as no validator would be needed there.

  Args:
    records: of one suite.
    path: where the picture goes.
  """
  fair = [r for r in records if not labelled(r)]
  every = {name: list(selection.runs(fair, name)) for name in selection.validators(fair)}
  shown = {name: runs for name, runs in every.items() if len({run.label for run in runs}) > 1}
  if not shown:
    return None
  columns = min(COLUMNS, len(shown))
  rows = -(-len(shown) // columns)
  figure, axes = canvas(rows, columns, (3.5 * columns, 3.2 * rows + 0.4))
  for axis in axes.flat[len(shown) :]:
    axis.set_visible(False)
  for axis, (name, runs) in zip(axes.flat, shown.items(), strict=False):
    _cloud(axis, runs)
    rho = selection.worth(fair, name).across
    told = "" if rho is None else f", ρ = {rho:.2f}"
    axis.set_title(f"{name}{told}", fontsize=10)
    axis.set_xlabel("score", fontsize=9)
    axis.tick_params(labelsize=8)
    axis.grid(alpha=0.3)
  for row in axes:
    row[0].set_ylabel("target test accuracy (%)", fontsize=9)
  handles, names = axes[0][0].get_legend_handles_labels()
  figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, frameon=False)
  title = f"{records[0]['suite']}: validators at every evaluation (ρ in a task, mean over tasks)"
  figure.suptitle(title, fontsize=11)
  return save(figure, path)


def _cloud(axis: "Axes", runs: Sequence[selection.Run]) -> None:
  """Rings for methods, filled triangles for source_only: apart in black and white too."""
  import numpy as np

  for base in (False, True):
    mine = [run for run in runs if (run.label == "source_only") is base]
    if not mine:
      continue
    x = np.concatenate([run.score for run in mine])
    y = 100 * np.concatenate([run.accuracy for run in mine])
    finite = np.isfinite(x)
    axis.scatter(
      x[finite],
      y[finite],
      s=14 if base else 9,
      marker="^" if base else "o",
      facecolors="black" if base else "none",
      edgecolors="black" if base else COLOURS[0],
      linewidths=0.6,
      alpha=0.7 if base else 0.45,
      label="source_only" if base else "methods",
    )


def reliability(records: Sequence[Record], path: Path) -> Path | None:
  """Accuracy against confidence, before and after adaptation (Guo et al., 2017, arXiv:1706.04599).

  Args:
    records: the records of what is set side by side; those without `bins` are left out.
    path: where the picture goes.
  """
  shown = [(r, bins) for r in records if (bins := _bins(r)) is not None]
  if not shown:
    return None
  figure, axes = canvas(1, len(shown), (3.9 * len(shown) + 0.3, 4.0))
  for axis, (record, bins) in zip(axes[0], shown, strict=True):
    _draw_reliability(axis, bins)
    error = cell(by_seed(record, "last", "calibration_error").values())
    axis.set_title(f"{record['label']} (calibration error {percent(error)} %)", fontsize=10)
  axes[0][0].set_ylabel("accuracy (%)")
  handles, names = axes[0][0].get_legend_handles_labels()
  figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=9, frameon=False)
  config = shown[0][0]["config"]
  pair = f"{' + '.join(config['source'])} → {config['target']}"
  figure.suptitle(f"{shown[0][0]['suite']}: {pair}, all seeds together", fontsize=11)
  return save(figure, path)


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
