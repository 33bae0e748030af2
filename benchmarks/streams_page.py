"""The page and the sensitivity map of `benchmarks.streams`, from its record alone."""

import math
from pathlib import Path
from typing import Any

import numpy as np

Cell = dict[str, Any]


def means(cell: Cell) -> np.ndarray:
  """Accuracy by value, over orders and source models, [v]."""
  return np.asarray(cell["accuracy"]).mean((1, 2))


def published(cell: Cell) -> tuple[float, float]:
  """Mean at the paper's value and the standard deviation over orders and source models, percent."""
  lanes = 100 * np.asarray(cell["accuracy"])[cell["published"]]
  return float(lanes.mean()), float(lanes.std())


def line(cell: Cell) -> str:
  """One cell in a line, for the terminal."""
  low, high = 100 * means(cell).min(), 100 * means(cell).max()
  return (
    f"{cell['stream']:10} batch {cell['batch']:3} {cell['method']:7} {published(cell)[0]:5.1f} "
    f"({low:.1f} to {high:.1f}, {cell['lanes']} lanes, {cell['seconds_with_compilation']} s)"
  )


def write(record: dict[str, Any], folder: Path) -> None:
  """Writes FOLDER.md and FOLDER/sensitivity.png."""
  figure(record, folder / "sensitivity.png")
  (folder.parent / f"{folder.name}.md").write_text(page(record, folder.name), "utf-8")


def page(record: dict[str, Any], folder: str) -> str:
  """The page as Markdown."""
  setting, cells = record["setting"], record["cells"]
  clean = 100 * np.mean(record["clean_accuracy"])
  text = [
    "# Test-time streams",
    "",
    "<!-- Written by benchmarks/streams.py; change it there. -->",
    "",
    f"Source models are trained on `{setting['source']}` and reach {clean:.1f} % on its clean test images. "
    f"A stream shows {setting['examples']} of these under {len(record['corruptions'])} corruptions at "
    f"severity {setting['severity']}. Numbers are accuracies in percent, each batch predicted before the "
    "method learns from it.",
    "",
  ]
  if setting["source"] == "mnist5k":
    text += [
      "**This is the small setting**: few images, "
      f"{setting['orders']} orders and {setting['seeds']} source models. It shows how the methods behave, "
      "and is not a table of any paper.",
      "",
    ]
  text += [
    "Shown is the paper's value of each method's hyper-parameter, ± the standard deviation over orders and",
    "source models. In brackets: the lowest and the highest mean over all values. The highest would take",
    "labels to find. A batch of as many examples as a corruption has is the whole corruption, in any order.",
  ]
  for stream in setting["stream"]:
    text += ["", f"## {stream}", "", *_table([c for c in cells if c["stream"] == stream])]
    text += ["", *_corruptions(record, stream)]
  text += [
    "",
    "## Sensitivity",
    "",
    f"![Accuracy by hyper-parameter and batch size]({folder}/sensitivity.png)",
    "",
    "A panel is a method on a stream: its hyper-parameter across, the batch size down. A frame marks the",
    "paper's value.",
    "",
    f"All of it took {record['seconds']} s on {record['machine']['cores']} cores "
    f"({record['machine']['backend']}), compilation included, at a load average of {record['load_average']}.",
    "",
  ]
  return "\n".join(text)


def _table(cells: list[Cell]) -> list[str]:
  batches = sorted({c["batch"] for c in cells})
  head = "".join(f" batch {b} |" for b in batches)
  rows = [f"| method | varied |{head}", "| :-- | :-- |" + " --: |" * len(batches)]
  for name in dict.fromkeys(c["method"] for c in cells):
    ours = {c["batch"]: c for c in cells if c["method"] == name}
    first, shown = next(iter(ours.values())), []
    for size in batches:
      if size not in ours:
        shown.append(" not run |")
        continue
      mean, spread = published(ours[size])
      span = f" ({100 * means(ours[size]).min():.1f} to {100 * means(ours[size]).max():.1f})"
      shown.append(f" {mean:.1f} ± {spread:.1f}{span if first['hyper'] else ''} |")
    value = f"{first['hyper']} {first['values'][first['published']]:g}" if first["hyper"] else ""
    rows.append(f"| {name} | {value} |" + "".join(shown))
  return rows


def _corruptions(record: dict[str, Any], stream: str) -> list[str]:
  """Accuracy by corruption at the middle batch size and the papers' values."""
  sizes = sorted(record["setting"]["batch"])
  batch = sizes[len(sizes) // 2]
  cells = [c for c in record["cells"] if (c["stream"], c["batch"]) == (stream, batch)]
  rows = [
    f"By corruption, at a batch of {batch}:",
    "",
    "| corruption |" + "".join(f" {c['method']} |" for c in cells),
    "| :-- |" + " --: |" * len(cells),
  ]
  for i, kind in enumerate(record["corruptions"]):
    each = (100 * c["by_corruption"][c["published"]][i] for c in cells)
    rows.append(f"| {kind} |" + "".join(f" {v:.1f} |" for v in each))
  return rows


COLUMNS = 5  # panels side by side


def figure(record: dict[str, Any], file: Path) -> None:
  """The sensitivity map: a panel a method and stream, each a map of batch size by value."""
  from matplotlib.figure import Figure

  cells = [c for c in record["cells"] if c["hyper"]]
  names = list(dict.fromkeys(c["method"] for c in cells))
  if not names:
    return
  values = [100 * means(c) for c in cells]
  low, high = min(v.min() for v in values), max(v.max() for v in values)
  streams, sizes = record["setting"]["stream"], record["setting"]["batch"]
  across, down = min(COLUMNS, len(names)), math.ceil(len(names) / COLUMNS)
  height = down * (0.75 + 0.26 * len(sizes)) + 0.3
  canvas = Figure(figsize=(0.9 + 2.1 * across, height * len(streams)), layout="constrained")
  blocks = canvas.subfigures(len(streams), 1, squeeze=False)[:, 0]
  for block, stream in zip(blocks, streams, strict=True):
    block.suptitle(stream, fontsize=10, x=0.01, ha="left", fontweight="bold")
    panels = block.subplots(down, across, squeeze=False)
    for i, axes in enumerate(panels.flat):
      name = names[i] if i < len(names) else ""
      ours = [c for c in cells if (c["stream"], c["method"]) == (stream, name)]
      ours.sort(key=lambda c: int(c["batch"]))
      if ours:
        drawn = _panel(axes, ours, low, high)
        axes.set_ylabel("batch size" if i % across == 0 else "", fontsize=7)
      else:
        axes.set_axis_off()
  bar = canvas.colorbar(drawn, ax=blocks[-1].axes, shrink=0.8, pad=0.01)
  bar.set_label("accuracy as predicted, %", fontsize=7)
  bar.ax.tick_params(labelsize=6)
  canvas.savefig(file, dpi=130)


def _panel(axes: Any, cells: list[Cell], low: float, high: float) -> Any:
  """One method on one stream: its values across, batch sizes down."""
  grid = np.stack([100 * means(c) for c in cells])
  drawn = axes.imshow(grid, vmin=low, vmax=high, cmap="viridis", aspect="auto")
  for (i, j), v in np.ndenumerate(grid):
    ink = "black" if v > (low + high) / 2 else "white"
    axes.text(j, i, f"{v:.0f}", ha="center", va="center", fontsize=7, color=ink)
  first = cells[0]
  axes.set_xticks(range(grid.shape[1]), [_short(v) for v in first["values"]], fontsize=6)
  axes.set_yticks(range(len(cells)), [c["batch"] for c in cells], fontsize=6)
  axes.tick_params(length=2)
  axes.add_patch(_frame((first["published"] - 0.5, -0.5), 1, len(cells)))
  axes.set_title(first["method"], fontsize=8, pad=3)
  axes.set_xlabel(first["hyper"], fontsize=7, labelpad=1)
  return drawn


def _short(value: float) -> str:
  """A number in few characters: 2.5e-4 and not 0.00025."""
  plain = f"{value:g}"
  mantissa, power = f"{value:.1e}".split("e")
  return plain if len(plain) <= 4 else f"{float(mantissa):g}e{int(power)}"


def _frame(corner: tuple[float, float], width: float, height: float) -> Any:
  from matplotlib.patches import Rectangle

  return Rectangle(corner, width, height, fill=False, edgecolor="red", linewidth=1.5)
