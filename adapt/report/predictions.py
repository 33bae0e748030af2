"""Pictures of predicted values, residuals, ROC and precision-recall curves.

They are of the held-out examples of both domains that a record's points keep, at most 500 of each.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from adapt.report.style import COLOURS, canvas, save
from adapt.report.summary import Record

if TYPE_CHECKING:
  import numpy as np
  from matplotlib.figure import Figure

Points = Mapping[str, Mapping[str, Any]]
DOMAINS = ("source", "target")
MARKERS = ("o", "^")
_LONGEST = 45  # letters of a label


class Side(NamedTuple):
  """Labelled examples of one domain and what is predicted of them."""

  name: str  # source or target
  true: "np.ndarray"
  said: "np.ndarray"  # values, or the log-odds of the second class


def written(shown: Sequence[Record], points: Points, folder: Path, form: str) -> list[Path | None]:
  """Writes what records and points allow, each picture by its name."""
  return [save(draw(shown, points), folder / f"{name}.{form}") for name, draw in FIGURES.items()]


def predicted_figure(shown: Sequence[Record], points: Points) -> "Figure | None":
  """Predicted against true values of seed 0, a panel a record.

  Of several numbers an example it is the first. Dots on the line are right.

  Args:
    shown: records of one task, side by side.
    points: label → arrays `label`, `domain` and `predicted`.
  """
  import numpy as np

  known = _values(shown, points)
  if not known:
    return None
  figure, axes = canvas(1, len(known), (3.9 * len(known) + 0.6, 4.9))
  every = np.concatenate([v for _, sides in known for s in sides for v in (s.true, s.said)])
  low, high = float(every.min()), float(every.max())
  edge = 0.03 * (high - low) or 1.0
  for axis, (record, sides) in zip(axes[0], known, strict=True):
    axis.plot([low, high], [low, high], color="black", linestyle="--", linewidth=1, zorder=3)
    for side in sides:
      i = DOMAINS.index(side.name)
      how = {"s": 11, "alpha": 0.55, "marker": MARKERS[i], "color": COLOURS[i]}
      axis.scatter(side.true, side.said, label=side.name, **how)
    axis.set_xlim(low - edge, high + edge)
    axis.set_ylim(low - edge, high + edge)
    axis.grid(alpha=0.3)
    told = ", ".join(f"{side.name} {_r2(side)}" for side in sides)
    axis.set_title(f"{_short(record['label'])}\nR²: {told}", fontsize=10)
    axis.set_xlabel(f"true {_name(record)}")
  axes[0][0].set_ylabel(f"predicted {_name(known[0][0])}")
  _legend(figure, axes)
  _title(figure, known[0], "predicted against true")
  return figure


def residuals_figure(shown: Sequence[Record], points: Points) -> "Figure | None":
  """Residuals of seed 0 by domain, a panel a record.

  They are predicted less true values. A domain's mean is a line: where it is not at 0, all is predicted
  too high or too low. Residuals beyond the picture count in its outermost bars.

  Args:
    shown: records of one task, side by side.
    points: label → arrays `label`, `domain` and `predicted`.
  """
  import numpy as np

  known = _values(shown, points)
  if not known:
    return None
  figure, axes = canvas(1, len(known), (3.9 * len(known) + 0.6, 4.4))
  every = np.concatenate([s.said - s.true for _, sides in known for s in sides])
  # A few far ones would leave the others one bar: they are in the outermost.
  low, high = np.quantile(every, [0.005, 0.995]).tolist()
  reach = max(abs(low), abs(high)) or 1.0
  bins = np.linspace(-reach, reach, 31)
  for axis, (record, sides) in zip(axes[0], known, strict=True):
    told = []
    for side in sides:
      i, apart = DOMAINS.index(side.name), side.said - side.true
      shares = np.full(len(apart), 100 / len(apart))
      mean = float(apart.mean())
      told.append(f"{side.name} {mean:+.3g} ± {float(apart.std()):.3g}".replace("-", "−"))
      how = {"color": COLOURS[i], "alpha": 0.45, "label": side.name}
      axis.hist(np.clip(apart, -reach, reach), bins, weights=shares, **how)
      axis.axvline(np.clip(mean, -reach, reach), color=COLOURS[i], linestyle=("-", "--")[i])
    axis.axvline(0, color="black", linewidth=0.8)
    axis.grid(axis="y", alpha=0.3)
    axis.set_title("\n".join([_short(record["label"]), *told]), fontsize=10)
    axis.set_xlabel(f"predicted − true {_name(record)}")
  most = max(axis.get_ylim()[1] for axis in axes[0])
  for axis in axes[0]:
    axis.set_ylim(0, most)
  axes[0][0].set_ylabel("% of the domain's examples")
  _legend(figure, axes)
  _title(figure, known[0], "residuals by domain")
  return figure


def roc_figure(shown: Sequence[Record], points: Points) -> "Figure | None":
  """ROC curves of two classes: the second's recall against false alarms.

  Args:
    shown: records of one task, side by side.
    points: label → arrays `label`, `domain` and `score`.
  """
  return _curves(shown, points, "ROC curves", ("false positive rate (%)", "true positive rate (%)"))


def precision_recall_figure(shown: Sequence[Record], points: Points) -> "Figure | None":
  """Precision against recall of the second of two classes.

  A dotted line is the precision of a coin: the share of that class.

  Args:
    shown: records of one task, side by side.
    points: label → arrays `label`, `domain` and `score`.
  """
  return _curves(shown, points, "precision-recall curves", ("recall (%)", "precision (%)"))


FIGURES = {
  "predicted": predicted_figure,
  "residuals": residuals_figure,
  "roc": roc_figure,
  "precision_recall": precision_recall_figure,
}


def _curves(
  shown: Sequence[Record], points: Points, what: str, axes: tuple[str, str]
) -> "Figure | None":
  import numpy as np

  from adapt.evaluation import class_measures

  known = [(r, s) for r in shown if (s := _scored(r, points.get(r["label"])))]
  if not known:
    return None
  roc = what.startswith("ROC")
  lines = 1 + sum(len(sides) for _, sides in known)
  figure, [[axis]] = canvas(1, 1, (5.4, 4.5 + 0.2 * lines))
  for i, (record, sides) in enumerate(known):
    for side in sides:
      true, false = class_measures.thresholds(side.said, side.true == 1, np.ones(len(side.true)))
      if roc:
        area = class_measures.auroc(true, false)
        x, y = (np.concatenate([[0.0], v / v[-1]]) for v in (false, true))
      else:
        area = class_measures.average_precision(true, false)
        x, y = true / true[-1], true / (true + false)
        x, y = np.append(0.0, x), np.append(y[0], y)  # the first step begins at no recall
      name = "AUROC" if roc else "AUPRC"
      axis.plot(
        100 * x,
        100 * y,
        color=COLOURS[i % len(COLOURS)],
        linestyle=("--", "-")[side.name == "target"],
        linewidth=1.6 if side.name == "target" else 1.1,
        drawstyle="default" if roc else "steps-pre",
        label=f"{_short(record['label'])}, {side.name}: {name} {100 * area:.1f}",
      )
  if roc:
    axis.plot([0, 100], [0, 100], color="black", linestyle=":", linewidth=1, label="a coin")
  else:
    target = next((s for s in known[0][1] if s.name == "target"), known[0][1][0])
    share = 100 * float((target.true == 1).mean())
    axis.axhline(share, color="black", linestyle=":", linewidth=1, label=f"a coin, {target.name}")
  axis.set_xlim(-1, 101)
  axis.set_ylim(-1, 101)
  axis.set_xlabel(axes[0])
  axis.set_ylabel(axes[1])
  axis.grid(alpha=0.3)
  figure.legend(loc="outside lower center", fontsize=9, frameon=False, handlelength=3)
  positive = known[0][0]["classes"][1]
  _title(figure, known[0], f"{what} of “{positive}”")
  return figure


def _legend(figure: "Figure", axes: Any) -> None:
  handles, names = axes[0][0].get_legend_handles_labels()
  figure.legend(handles, names, loc="outside lower center", ncols=2, fontsize=9, frameon=False)


def _values(shown: Sequence[Record], points: Points) -> list[tuple[Record, list[Side]]]:
  """Records of values with their sides, in the labels' unit."""
  found = []
  for record in shown:
    output, mine = record.get("output") or {}, points.get(record["label"])
    if output.get("name") != "values" or mine is None or "predicted" not in mine:
      continue
    mean, std = output["mean"][0], output["std"][0]
    sides = [
      Side(s.name, s.true * std + mean, s.said * std + mean)
      for s in _sides(mine, mine["predicted"])
    ]
    found += [(record, sides)] if sides else []
  return found


def _scored(record: Record, mine: Mapping[str, Any] | None) -> list[Side]:
  """Sides that have examples of both classes; none without scores of two classes."""
  if mine is None or "score" not in mine:
    return []
  return [s for s in _sides(mine, mine["score"]) if 0 < (s.true == 1).mean() < 1]


def _sides(mine: Mapping[str, Any], said: Any) -> list[Side]:
  """The labelled examples of each domain; none where a prediction is not finite."""
  import numpy as np

  said, true = np.asarray(said, float), np.asarray(mine["label"])
  known = np.isfinite(true) if true.dtype.kind == "f" else true >= 0
  found = []
  for i, name in enumerate(DOMAINS):
    own = known & (np.asarray(mine["domain"]) == i)
    if own.any() and np.isfinite(said[own]).all():
      found.append(Side(name, np.asarray(true[own], float), said[own]))
  return found


def _r2(side: Side) -> str:
  from adapt.evaluation import value_measures

  r2 = value_measures.of_predictions(side.said[:, None], side.true[:, None])["r2"]
  return "–" if r2 is None else f"{r2:.3f}"


def _short(label: str) -> str:
  """A label that fits into a picture, the middle of a long one left out."""
  return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 16]}…{label[-15:]}"


def _name(record: Record) -> str:
  return str(record["classes"][0])


def _title(figure: "Figure", first: tuple[Record, list[Side]], what: str) -> None:
  """Task, picture, and of how many examples it is: measures of all test examples differ from it."""
  record, sides = first
  config, counts = record["config"], [f"{len(side.true)} {side.name}" for side in sides]
  pair = f"{' + '.join(config['source'])} → {config['target']}"
  told = f"seed 0, {' and '.join(counts)} examples"
  figure.suptitle(f"{record['suite']}: {pair}\n{what}\n{told}", fontsize=10)
