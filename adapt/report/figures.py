"""Draws a task's curves, t-SNE and confusion matrices, and all other figures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapt import outputs
from adapt.records import record as records_of
from adapt.report import diagnostics, overlays, predictions, ranks
from adapt.report import tsne as embedding
from adapt.report.style import COLOURS, canvas, save
from adapt.report.summary import Record, bound, by_seed, cell, labelled, percent, rank

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", (0, (1, 1)), (0, (5, 1, 1, 1, 1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "h")
BOUNDS: Mapping[str, tuple[str, str]] = {
  "source_only": ("black", ":"),
  "target_only": ("#777777", ":"),
}
MOST_NUMBERS = 12  # classes up to which a confusion matrix has room for numbers


def draw(
  results: str | Path,
  out: str | Path,
  suites: Sequence[str] | None = None,
  tasks: Sequence[str] | None = None,
  form: str = "png",
) -> list[Path]:
  """Draws every figure that the records under `results` allow; returns the files.

  Args:
    results: folder of records.
    out: figures go to `<out>/<suite>/{ranks,validators}.<form>` and
      `<out>/<suite>/<task>/{curves,tsne,overlays,confusion,reliability}.<form>`, of values there also
      `{predicted,residuals}` and of two classes `{roc,precision_recall}`.
    suites: draws these only.
    tasks: draws those of these tasks only; none of a task where it is empty.
    form: png, or for a paper pdf or svg.

  Raises:
    ValueError: a record is broken, or there is none of a suite or task that is named.
  """
  known = records_of.read_all(results)
  for kind, names in (("suite", suites), ("task", tasks)):
    missing = sorted(set(names or ()) - {r[kind] for r in known})
    if missing:
      raise ValueError(f"no record of {kind} '{missing[0]}' under {results}: see adapt run --out")
  known = [r for r in known if suites is None or r["suite"] in suites]
  groups: dict[tuple[str, str], list[Record]] = {}
  for item in known:
    groups.setdefault((item["suite"], item["task"]), []).append(item)
  made = []
  for suite in sorted({suite for suite, _ in groups}):
    mine, folder = [r for r in known if r["suite"] == suite], Path(out) / suite
    made += [
      ranks.diagram(mine, folder / f"ranks.{form}"),
      diagnostics.validators(mine, folder / f"validators.{form}"),
    ]
  for (suite, task), records in sorted(groups.items()):
    if tasks is None or task in tasks:
      made += _of_task(Path(results), records, Path(out) / suite / task, form)
  return [path for path in made if path is not None]


def _of_task(
  results: Path, records: Sequence[Record], folder: Path, form: str
) -> list[Path | None]:
  points = {}
  for record in records:
    place = records_of.path(results, record["suite"], record["task"], record["label"])
    if (found := records_of.read_points(place, record)) is not None:
      points[record["label"]] = found
  return [
    curves(records, folder / f"curves.{form}"),
    tsne(records, points, folder / f"tsne.{form}"),
    overlays.overlays(before_and_after(records), points, folder / f"overlays.{form}"),
    confusion(records, folder / f"confusion.{form}"),
    diagnostics.reliability(before_and_after(records), folder / f"reliability.{form}"),
    *predictions.written(before_and_after(records), points, folder, form),
  ]


def before_and_after(records: Sequence[Record]) -> list[Record]:
  """What a picture sets side by side.

  source_only, then the best of those without target labels and the best of those with some, by
  mean target accuracy at the last step. Only which picture is drawn depends on it: never a number
  in a table. Of several source_only it is that of usual settings, else of those of the others shown.
  """
  shown: list[Record] = []
  adapted = [r for r in records if not bound(r["label"]) and _accuracy(r).n]
  for with_labels in (False, True):
    kind = [r for r in adapted if labelled(r) is with_labels]
    shown += sorted(kind, key=lambda r: (_accuracy(r).mean, r["label"]))[-1:]
  beside = ["", *(r["label"].partition("-")[2] for r in shown)]
  plain = {r["label"].partition("-")[2]: r for r in records if bound(r["label"]) == "source_only"}
  first = next((name for name in (*beside, *sorted(plain)) if name in plain), None)
  return shown if first is None else [plain[first], *shown]


def curves(records: Sequence[Record], path: Path) -> Path | None:
  """Writes the picture of `curves_figure`; None where there is nothing to draw."""
  return save(curves_figure(records), path)


def curves_figure(records: Sequence[Record]) -> "Figure | None":
  """Target accuracy (R²) by step: mean ± standard deviation over seeds."""
  shown = {}
  main = _main(records[0]) if records else outputs.measure("accuracy")
  for record in sorted(records, key=lambda r: rank(r["label"])):
    by_number = by_seed(record, "curves", f"target_{main.name}")
    # After a loss that is not finite, accuracies are those of a constant guess.
    lost = record.get("diverged") or {}
    accuracy = [values for seed, values in by_number.items() if values and str(seed) not in lost]
    if any(value is not None for seed in accuracy for value in seed):
      shown[record["label"]] = (record["curves"]["step"], accuracy)
  if not shown:
    return None
  figure, axes = canvas(1, 1, (7.5, max(4.0, 0.24 * len(shown) + 1.2)))
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
  axis.set_ylabel(f"target test {main.title}{' (%)' * main.percent}")
  seeds = max(len(accuracy) for _, accuracy in shown.values())
  over = f", mean ± std over {seeds} seeds" if seeds > 1 else ""
  figure.suptitle(_title(records[0]) + over, fontsize=11)
  axis.grid(alpha=0.3)
  # Listed from the top line to the bottom one, beside the axes, where it hides nothing.
  order = sorted(ends, key=lambda label: (-ends[label][0], label))
  figure.legend(
    [ends[label][1] for label in order],
    [ends[label][2] for label in order],
    loc="outside right center",
    fontsize=9,
    frameon=False,
    handlelength=3.5,
    title="last step",
  )
  return figure


def confusion(records: Sequence[Record], path: Path) -> Path | None:
  """Writes confusion matrices before and after adaptation, side by side."""
  known = [r for r in records if r.get("confusion") and _matrix(r) is not None]
  return save(confusion_figure(before_and_after(known)), path)


def confusion_figure(shown: Sequence[Record]) -> "Figure | None":
  """Confusion matrices of records that have one, side by side."""
  if not shown:
    return None
  classes = shown[0]["classes"]
  size = 3.6 if len(classes) <= 4 else 4.6 if len(classes) <= MOST_NUMBERS else 5.4
  figure, axes = canvas(1, len(shown), (size * len(shown) + 0.8, size))
  image: Any = None
  for axis, record in zip(axes[0], shown, strict=True):
    image = _draw_matrix(axis, _matrix(record), classes)
    axis.set_title(_named(record), fontsize=11)
  axes[0][0].set_ylabel("true class")
  figure.colorbar(image, ax=axes[0].tolist(), label="% of the true class", shrink=0.8, pad=0.02)
  figure.suptitle(_title(shown[0]), fontsize=11)
  return figure


def tsne(
  records: Sequence[Record], points: "Mapping[str, Mapping[str, np.ndarray]]", path: Path
) -> Path | None:
  """Draws seed 0's t-SNE before and after adaptation, by domain and class."""
  import numpy as np

  finite = {name for name, p in points.items() if np.isfinite(p["features"]).all()}
  known = [r for r in records if r["label"] in finite]
  return save(tsne_figure(before_and_after(known), points), path)


def tsne_figure(
  shown: Sequence[Record], points: "Mapping[str, Mapping[str, np.ndarray]]"
) -> "Figure | None":
  """t-SNE of seed 0's features, by domain and by class.

  Args:
    shown: records of one task, side by side.
    points: label → arrays `features`, `label` and `domain`.
  """
  if not shown or shown[0].get("output"):  # values have no classes to colour
    return None
  figure, axes = canvas(2, len(shown), (4.3 * len(shown) + 1.2, 8.0))
  for column, record in enumerate(shown):
    arrays = embedding.subset(points[record["label"]])
    xy = embedding.embedded(arrays["features"])
    embedding.scatter_domains(axes[0][column], xy, arrays["domain"])
    embedding.scatter_classes(axes[1][column], xy, arrays, record["classes"])
    when = "before" if bound(record["label"]) == "source_only" else "after"
    axes[0][column].set_title(f"{when}: {_named(record, seed=0)}", fontsize=11)
  axes[0][0].set_ylabel("by domain")
  axes[1][0].set_ylabel("by class")
  for axis in axes.flat:
    axis.set_xticks([])
    axis.set_yticks([])
  for row in axes:
    handles, names = row[-1].get_legend_handles_labels()
    if handles:
      beside = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5), "frameon": False}
      row[-1].legend(handles, names, fontsize=9, markerscale=1.6, **beside)
  figure.suptitle(f"t-SNE of features, {_title(shown[0])}", fontsize=11)
  return figure


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


def _title(record: Record) -> str:
  return (
    f"{record['suite']}: {' + '.join(record['config']['source'])} → {record['config']['target']}"
  )


def _accuracy(record: Record) -> Any:
  return cell(by_seed(record, "last", _main(record).name).values())


def _main(record: Record) -> outputs.Measure:
  """The measure of its curves."""
  return outputs.measure(outputs.main((record.get("output") or {}).get("name", "classes")))


def _named(record: Record, seed: int | None = None) -> str:
  if seed is None:
    return f"{record['label']} ({percent(_accuracy(record))} %)"
  value = by_seed(record, "last", "accuracy").get(record["config"]["seeds"][seed])
  return record["label"] if value is None else f"{record['label']} ({100 * value:.1f} %)"


def _matrix(record: Record) -> Any:
  """[K, K] percent of each true class, mean over seeds; None if every seed diverged."""
  import numpy as np

  counts = [np.asarray(m, float) for m in record["confusion"] if m is not None]
  if not counts:
    return None
  totals = [m.sum(axis=1, keepdims=True) for m in counts]
  # A class without examples has no row: NaN, drawn blank.
  shares = [
    np.divide(m, total, out=np.full_like(m, np.nan), where=total > 0)
    for m, total in zip(counts, totals, strict=True)
  ]
  return 100 * np.mean(shares, axis=0)


def _draw_matrix(axis: "Axes", matrix: Any, classes: Sequence[str]) -> Any:
  image = axis.imshow(matrix, vmin=0, vmax=100, cmap="Blues")
  count = len(classes)
  every = max(1, math.ceil(count / 34))  # names below 34 do not collide at this size
  rotation = 90 if count * max(map(len, classes)) > 34 else 0  # letters that fit side by side
  ticks = list(range(0, count, every))
  size = 9 if count <= MOST_NUMBERS else 7
  axis.set_xticks(ticks, [classes[i] for i in ticks], rotation=rotation, fontsize=size)
  axis.set_yticks(ticks, [classes[i] for i in ticks], fontsize=size)
  axis.set_xlabel("predicted class")
  if count <= MOST_NUMBERS:
    for i in range(count):
      for j in range(count):
        if math.isfinite(matrix[i, j]) and round(matrix[i, j]) >= 1:
          colour = "white" if matrix[i, j] > 55 else "black"
          axis.text(j, i, f"{matrix[i, j]:.0f}", ha="center", va="center", color=colour, fontsize=8)
  return image
