"""What a run prints when it is done.

That is its records as a table, and what private ones guarantee.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from adapt import outputs
from adapt.evaluation import stacked
from adapt.experiments import stacked_table
from adapt.report.summary import (
  MISSING,
  Record,
  all_diverged,
  by_seed,
  cell,
  headline,
  mean_of,
  percent,
  rank,
)

# Columns on the terminal: key in a record, column.
_SHOWN = {
  "accuracy": {"accuracy": "accuracy", "precision": "precision", "recall": "recall", "f1": "F1"},
  "r2": {"r2": "R²", "mae": "MAE", "rmse": "RMSE"},
  "miou": {"miou": "mIoU", "dice": "Dice", "pixel_accuracy": "pixels"},
  "map": {"map": "mAP", "f1": "F1", "micro_f1": "micro F1", "auroc": "AUROC"},
  "h_score": {"h_score": "H-score", "os_star": "OS*", "unknown": "unknown", "accuracy": "accuracy"},
}


def privacy(records: Sequence[Record]) -> list[str]:
  """What private runs guarantee whose examples, one line each."""
  lines = []
  for r in records:
    for whose, spent in r.get("privacy", {}).items():
      delta = r["config"]["dp"]["delta"]
      lines.append(
        f"{r['label']} on {r['task']}: one seed's model keeps each {whose} example's gradients "
        f"(ε = {spent['epsilon']:.2f}, δ = {delta:g})-private, by zero-out; with Poisson samples, add or "
        f"remove, it would be ε = {spent['epsilon_poisson']:.2f}"
      )
  return lines


def searched(records: Sequence[Record]) -> list[str]:
  """Lines of what searches chose, and their distance from the best.

  The best is of what they saw; one line each.
  """
  lines = []
  for r in records:
    if (found := r.get("search")) is None:
      continue
    i, regret = found["chosen"], found["regret"]
    values = found["candidates"][i or 0]["hyperparameters"]
    chosen = " ".join(f"{n}={v:.3g}" for n, v in values.items())
    what = (
      f"{r['label']} on {r['task']}: searched {found['number']} points of {', '.join(found['ranges'])} "
      f"({found['sampler']}): "
    )
    if i is None:
      lines.append(
        f"{what}none came to its end with a score of {found['validator']}; kept {chosen}"
      )
      continue
    worth = (
      "" if regret is None else f"; regret against the best on target labels {regret:.1f} points"
    )
    lines.append(f"{what}chose {chosen} by {found['validator']}{worth}")
  return lines


def table(records: Sequence[Record]) -> Table:
  """The records as a table for `rich.print`, one line each."""
  suites, measure = sorted({r["suite"] for r in records}), headline(records)
  kinds = {(r.get("output") or {}).get("name", outputs.CLASSES.name) for r in records}
  columns = _columns(measure, min(kinds, default=outputs.CLASSES.name))
  shown = Table(
    title=f"{', '.join(suites)}: target test set, last step{', %' * ('r2' not in columns)}",
    box=box.SIMPLE_HEAD,
    padding=(0, 1, 0, 0),
  )
  shown.add_column("method (seeds)", overflow="fold")
  told = any(_expected(r) for r in records) and "accuracy" in columns
  if told and next(iter(columns)) != "precision":  # all of them would not fit eighty columns
    columns = {n: title for n, title in columns.items() if n != "precision"}
  for name in (*columns.values(), *["expected"] * told, "ms / 1000", "seconds"):
    title = "\n".join(textwrap.wrap(name, 12))  # a long one would leave methods no room
    shown.add_column(title, justify="right", no_wrap=True)
  several = len({(r["suite"], r["task"]) for r in records}) > 1
  previous = None
  for record in sorted(records, key=lambda r: (r["suite"], r["task"], *rank(r["label"]))):
    place = record["suite"], record["task"]
    if several and place != previous:
      if previous is not None:
        shown.add_section()
      shown.add_row(Text("/".join(place) if len(suites) > 1 else record["task"], style="bold"))
    previous = place
    shown.add_row(
      f"{broken(record['label'])} ({len(record['config']['seeds'])})",
      *_measured(record, columns, told),
    )
  return shown


def _columns(measure: str, kind: str) -> dict[str, str]:
  """The measures shown of an output, the headline first: key in a record, column."""
  if measure in _SHOWN:
    return _SHOWN[measure]
  own = _SHOWN[outputs.main(kind)]
  title = own.get(measure) or outputs.measure(measure).title.split(" (")[0]
  return {measure: title, **dict([(n, t) for n, t in own.items() if n != measure][:3])}


def broken(label: str) -> str:
  """A label with spaces where a narrow column may break it."""
  return re.sub(r"-(?=[a-z_-]+=)", " ", label)


def expectations(records: Sequence[Record]) -> list[str]:
  """What the column `expected` is, where a record has it."""
  if not any(_expected(r) for r in records):
    return []
  of = stacked_table.ADAPTED
  return [
    f"expected: target accuracy without target labels, and its 90 % interval if these data are like the "
    f"{of.groups} families of data whose {of.pairs} runs it is from (results/advise.md)"
  ]


def _expected(record: Record) -> str:
  """Expected accuracy and its interval, mean over seeds; empty where there is none."""
  found = stacked.over_seeds(record.get("expected"))
  if found is None:
    return ""
  return f"{100 * found.value:.0f} ({100 * found.low:.0f}–{100 * found.high:.0f})"


def _measured(record: Record, columns: Mapping[str, str], told: bool) -> list[str]:
  values = {name: cell(by_seed(record, "last", name).values()) for name in columns}
  # Deviations of the other three would not fit eighty columns; the pages have them.
  first, *others = columns
  shown = [
    percent(values[first], len(record["config"]["seeds"]), first),
    *(percent(values[name]._replace(std=None), None, name) for name in others),
  ]
  shown[0] = "diverged" if all_diverged(record) else shown[0]
  costs = [
    mean_of([record], lambda r: r.get("prediction_ms_per_1000")),
    mean_of([record], lambda r: (r.get("seconds") or {}).get("total")),
  ]
  return shown + [_expected(record) or MISSING] * told + costs
