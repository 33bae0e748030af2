"""Draws a task's curves, t-SNE and confusion matrices, and all other figures."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapt.records import record as records_of
from adapt.report import baselines, curves, diagnostics, overlays, predictions, ranks
from adapt.report import tsne as embedding
from adapt.report.style import canvas, entitle, save
from adapt.report.summary import (
  Record,
  bound,
  by_seed,
  cell,
  judged,
  labelled,
  main_of,
  percent,
)

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.axes import Axes
  from matplotlib.figure import Figure

MOST_NUMBERS = 12  # classes up to which a confusion matrix has room for numbers


def draw(
  results: str | Path,
  out: str | Path,
  suites: Sequence[str] | None = None,
  tasks: Sequence[str] | None = None,
  form: str = "png",
  measures: Mapping[str, str] | None = None,
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
    measures: of suites that name their own, which their curves show.

  Raises:
    ValueError: a record is broken, or there is none of a suite or task that is named.
  """
  known = records_of.read_all(results)
  for kind, names in (("suite", suites), ("task", tasks)):
    missing = sorted(set(names or ()) - {r[kind] for r in known})
    if missing:
      raise ValueError(f"no record of {kind} '{missing[0]}' under {results}: see adapt run --out")
  known = [r for r in known if suites is None or r["suite"] in suites]
  own = {r["suite"]: (measures or {}).get(r["suite"]) for r in known}
  known = [{**judged(r, of)} if (of := own[r["suite"]]) else r for r in known]
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
  pictured = [r for r in records if "images" in points.get(r["label"], ())]
  return [
    curves.written(records, folder / f"curves.{form}"),
    tsne(records, points, folder / f"tsne.{form}"),
    overlays.overlays(before_and_after(pictured), points, folder / f"overlays.{form}"),
    confusion(records, folder / f"confusion.{form}"),
    diagnostics.reliability(before_and_after(records), folder / f"reliability.{form}"),
    *predictions.written(before_and_after(records), points, folder, form),
  ]


def before_and_after(records: Sequence[Record]) -> list[Record]:
  """What a picture sets side by side.

  source_only, then the best of those without target labels and the best of those with some, by
  mean target accuracy at the last step. Only which picture is drawn depends on it: never a number
  in a table. Of several source_only it is the `baseline` of what is shown beside it.
  """
  shown: list[Record] = []
  adapted = [r for r in records if not bound(r["label"]) and _accuracy(r).n]
  for with_labels in (False, True):
    kind = [r for r in adapted if labelled(r) is with_labels]
    shown += sorted(kind, key=lambda r: (_accuracy(r).mean, r["label"]))[-1:]
  plain = {r["label"]: r for r in records if bound(r["label"]) == baselines.BASELINE}
  found = [baselines.baseline(r, records) for r in shown] or sorted(plain)
  first = next(filter(None, found), None)
  return shown if first is None else [plain[first], *shown]


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
    entitle(axis, _named(record), 11)
  axes[0][0].set_ylabel("true class")
  figure.colorbar(image, ax=axes[0].tolist(), label="% of the true class", shrink=0.8, pad=0.02)
  figure.suptitle(curves.title(shown[0]), fontsize=11)
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
    entitle(axes[0][column], f"{when}: {_named(record, seed=0)}", 11)
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
  figure.suptitle(f"t-SNE of features, {curves.title(shown[0])}", fontsize=11)
  return figure


def _accuracy(record: Record) -> Any:
  return cell(by_seed(record, "last", main_of(record)).values())


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
