"""The table of further measures beside the headline.

It tells where a measure is missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapt import outputs
from adapt.experiments.suite import Suite
from adapt.report.summary import MISSING, Record, average, by_seed, headline, rows, tasks_of
from adapt.report.table import Entry, Sheet, line, measured

# Measures beside the headline: key in a record, column.
_BESIDE = {
  "accuracy": {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "calibration_error": "calibration error",
  },
  "h_score": {
    "accuracy": "accuracy",
    "os": "OS",
    "os_star": "OS*",
    "unknown": "unknown",
    "calibration_error": "calibration error",
  },
}
# Where another measure was asked for.
_OTHERS = {
  "accuracy": "accuracy",
  "balanced_accuracy": "balanced accuracy",
  "auroc": "AUROC",
  "auprc": "AUPRC",
  "f1": "F1",
  "brier": "Brier score",
  "calibration_error": "calibration error",
}
_VALUES = {"r2": "R²", "mae": "MAE", "rmse": "RMSE"}
_PIXELS = {"miou": "mIoU", "dice": "Dice", "pixel_accuracy": "pixel accuracy"}
_LABELS = {
  "map": "mAP",
  "f1": "macro F1",
  "micro_f1": "micro F1",
  "auroc": "macro AUROC",
  "subset_accuracy": "subset accuracy",
  "hamming_loss": "Hamming loss",
}
_MEANING = {
  **dict.fromkeys(
    _VALUES,
    "At the last step; MAE and RMSE are in the labels' unit, not to be averaged over "
    "tasks of different units.",
  ),
  **dict.fromkeys(
    _PIXELS,
    "In percent, at the last step; of two classes Dice is the second's, else the mean over classes.",
  ),
  "map": "In percent, at the last step: F1 and AUROC are means over labels, micro F1 and the Hamming loss "
  "pool all labels, subset accuracy is the share of examples with all labels right.",
  "accuracy": "Precision, recall and F1 are macro averages over classes, in percent, at the last step.",
  "h_score": "In percent, at the last step: OS* is the mean recall of the known classes, unknown that "
  "of the unknown class, OS the mean recall of all of them.",
}
_MACRO = (
  "At the last step. Over several classes AUROC, AUPRC and F1 are macro averages, each class against the "
  "rest; of two classes AUROC and AUPRC are of the second. The Brier score is no percentage."
)


def beside(measure: str) -> dict[str, str]:
  """The measures shown beside a headline: key in a record, column."""
  if measure in _VALUES:
    return {n: title for n, title in _VALUES.items() if n != measure}
  if measure in _PIXELS:
    return {n: title for n, title in _PIXELS.items() if n != measure}
  if measure in ("map", "micro_f1", "subset_accuracy", "hamming_loss"):
    return {n: title for n, title in _LABELS.items() if n != measure}
  return _BESIDE.get(measure) or {n: title for n, title in _OTHERS.items() if n != measure}


def sheet(records: Sequence[Record], suite: Suite | None) -> Sheet:
  """Macro precision, recall and F1 (or H-score parts), and calibration."""
  tasks, measure = tasks_of(records, suite), headline(records)
  lines, columns = [], beside(measure)
  for row in rows(records, suite):
    mine = list(row.records.values())
    if mine:
      shown = [measured(average(mine, "last", n), row.seeds, measure=n) for n in columns]
      places = Entry(f"{len(mine)}/{len(tasks)}", len(mine))
      lines.append(line(row.label, [*shown, places], row.seeds))
  return Sheet(
    "measures",
    "Other measures",
    ("method (seeds)", *columns.values(), "tasks"),
    tuple(lines),
    f"Means over the tasks a method has. {_MEANING.get(measure, _MACRO)}",
  )


def class_iou(records: Sequence[Record], suite: Suite | None) -> Sheet | None:
  """IoU of each class of pixels.

  None where records do not share more than two classes.
  """
  names = {tuple(r.get("classes") or ()) for r in records if (r.get("last") or {}).get("class_iou")}
  if len(names) != 1 or len(classes := next(iter(names))) < 3:
    return None
  lines = []
  for row in rows(records, suite):
    mine = [_of_each_class(record, classes) for record in row.records.values()]
    if mine:
      cells = [average(mine, "last", f"iou of {name}") for name in classes]
      lines.append(
        line(row.label, [measured(c, row.seeds, measure="miou") for c in cells], row.seeds)
      )
  return Sheet(
    "class_iou",
    "IoU of each class",
    ("method (seeds)", *classes),
    tuple(lines),
    f"Target test IoU in percent at the last step, mean over tasks ± sample standard deviation over seeds. "
    f"{MISSING}: a class without a pixel, or a row without numbers in every task.",
  )


def _of_each_class(record: Record, classes: Sequence[str]) -> Record:
  """The record with each class's IoU as a measure of its own."""
  last = record.get("last") or {}
  columns = zip(
    *((each or [None] * len(classes)) for each in last.get("class_iou") or ()), strict=True
  )
  named = {f"iou of {name}": values for name, values in zip(classes, columns, strict=False)}
  return {**record, "last": named}


def _without(measure: str, last: Mapping[str, Any]) -> str:
  """Why predictions of values have no such measure."""
  if measure == "mape":
    return "a value of the test set is 0" if measure in last else "older code made the record"
  return "the values of the test set do not vary" if measure in _VALUES else "values are predicted"


def missing(records: Sequence[Record], measure: str) -> Iterator[str]:
  """Why records have no value of a measure, a line each."""
  for record in records:
    last = record.get("last")
    if last is None or any(v is not None for v in by_seed(record, "last", measure).values()):
      continue
    where, title = f"{record['label']} on {record['task']}", outputs.measure(measure).title
    if any(v is not None for v in by_seed(record, "last", "mae").values()):
      yield f"{where}: no {title}, as {_without(measure, last)}"
      continue
    if (record.get("output") or {}).get("name") == "labels":
      yield f"{where}: no {title}, as no label of the test set has a positive and a negative example"
      continue
    matrices = [m for m in record.get("confusion") or () if m is not None]
    if not matrices:  # every seed diverged, or the method has none
      continue
    if measure == "worst_group_accuracy":
      yield f"{where}: no {title}, as the test set has no groups (--groups names their column)"
      continue
    if measure not in last:
      if record.get("measure"):
        yield f"{where}: no {title} in the record, as older code or one without probabilities made it"
      continue
    there = [c for c, row in zip(record["classes"], matrices[0], strict=True) if sum(row)]
    yield (
      f"{where}: no {title}, as it compares the examples of a class with the others, and the test set "
      f"has examples of {' and '.join(there[:2])} alone"
    )
