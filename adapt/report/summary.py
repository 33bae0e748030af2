"""Statistics of records over seeds, and the rows of tables."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt import outputs
from adapt.evaluation.class_measures import of_confusion
from adapt.experiments.suite import Reported, Suite

Record = Mapping[str, Any]
MISSING = "–"
BOUND = ("target_only",)  # what no method competes with: they train on every target label


class Cell(NamedTuple):
  """A quantity over seeds."""

  mean: float  # meaningless when n is 0
  std: float | None  # sample standard deviation; None below two seeds
  n: int  # seeds that have a finite value


class Row(NamedTuple):
  """One label of a suite."""

  label: str
  seeds: int  # as many as were asked for; 0 for a label without records
  records: Mapping[str, Record]  # by task
  cells: Mapping[str, Cell | None]  # headline measure by task, None without a record
  average: Cell | None  # over tasks, None unless every task has a result
  reported: tuple[Reported, ...]  # what was published beside it


def headline(records: Sequence[Record]) -> str:
  """The measure that a table of these records shows.

  The one that was asked for (`judged`), or h_score where all tasks have unknown classes.
  """
  if chosen := {r["measure"] for r in records if r.get("measure")}:
    return str(min(chosen))
  if records and all(r.get("output") for r in records):
    return outputs.main(records[0]["output"]["name"])
  scored = [r["last"] for r in records if r.get("last")]
  return "h_score" if scored and all("h_score" in last for last in scored) else "accuracy"


def judged(record: Record, measure: str) -> Record:
  """The record whose tables show that measure.

  An older one gets what its confusion matrix says.
  """
  last, matrices = record.get("last"), record.get("confusion") or ()
  if last is not None and measure not in last:
    of = [None if m is None else of_confusion(np.asarray(m)) for m in matrices]
    derived = [None if each is None else each.get(measure) for each in of]
    if any(value is not None for value in derived):
      last = {**last, measure: derived}
  return {**record, "measure": measure, "last": last}


def main_of(record: Record) -> str:
  """The main measure of what a record predicts."""
  return outputs.main((record.get("output") or {}).get("name", "classes"))


def over_steps(records: Sequence[Record]) -> tuple[str, str]:
  """The measure that curves show, and what their axis is called.

  It is that of the tables where every record with curves has it at each evaluation, else the main one
  of what is predicted; the axis then says so.
  """
  asked = headline(records)
  main = main_of(records[0]) if records else asked
  kept = [c for r in records if (c := r.get("curves") or {}).get(f"target_{main}")]
  name = asked if kept and all(f"target_{asked}" in c for c in kept) else main
  how, wanted = outputs.measure(name), outputs.measure(asked).title.partition(" (")[0]
  said = f"target test {how.title}{' (%)' * how.percent}"
  return name, said if name == asked else f"{said}, as no curve of {wanted} is recorded"


def labelled(record: Record) -> bool:
  """Whether the method saw labels of the target.

  That is another setting than of one that saw none.
  """
  return bound(record["label"]) in BOUND or bool((record.get("examples") or {}).get("labelled"))


def by_seed(record: Record, section: str, name: str) -> dict[int, Any]:
  """Seed → its `record[section][name]`; empty when the record has no such section."""
  values = (record.get(section) or {}).get(name)
  if values is None:
    return {}
  return dict(zip(record["config"]["seeds"], values, strict=True))


def cell(values: Iterable[float | None]) -> Cell:
  """Mean and sample standard deviation of the values that are there."""
  finite = [value for value in values if value is not None]
  if not finite:
    return Cell(float("nan"), None, 0)
  std = statistics.stdev(finite) if len(finite) > 1 else None
  return Cell(statistics.fmean(finite), std, len(finite))


def average(records: Sequence[Record], section: str, name: str) -> Cell | None:
  """The mean over records (one per task), its deviation over seeds.

  Averages over tasks within each seed first. Only seeds that have a value in every
  record count: a mean over other tasks is another quantity.
  """
  means = mean_by_seed(records, section, name)
  return cell(means.values()) if means else None


def mean_by_seed(records: Sequence[Record], section: str, name: str) -> dict[int, float]:
  """Seed → its mean over records (one per task).

  Only seeds that have a value in every one.
  """
  columns = [by_seed(record, section, name) for record in records]
  if not columns or not all(columns):
    return {}
  means = {}
  for seed in columns[0]:
    values = [column.get(seed) for column in columns]
    finite = [value for value in values if value is not None]
    if len(finite) == len(values):
      means[seed] = statistics.fmean(finite)
  return means


def tasks_of(records: Sequence[Record], suite: Suite | None) -> list[str]:
  """Task names in the suite's order, then others, sorted.

  The others are those that only records know.
  """
  known = [task.name for task in suite.tasks] if suite else []
  return known + sorted({r["task"] for r in records} - set(known))


def bound(label: str) -> str:
  """source_only or target_only, if the label is one of them.

  Other settings are no other method: `source_only-steps=300` is source_only, `source_only+mlls` is not.
  """
  name, _, changed = label.partition("-")
  own = not changed or "=" in changed  # `source_only-single` is a label of another kind
  return name if own and name in ("source_only", *BOUND) else ""


def rank(label: str) -> tuple[int, str]:
  """Sorts labels: source_only first, target_only last, the others by name."""
  return {"source_only": 0, "target_only": 2}.get(bound(label), 1), label


def rows(records: Sequence[Record], suite: Suite | None) -> list[Row]:
  """The rows of one suite's table, labels that were only published included."""
  tasks = tasks_of(records, suite)
  published = suite.reported if suite else ()
  labels = {r["label"] for r in records} | {r.beside for r in published}
  measure = headline(records)
  result = []
  for label in sorted(labels, key=rank):
    mine = {r["task"]: r for r in records if r["label"] == label}
    cells = {
      task: cell(by_seed(mine[task], "last", measure).values()) if task in mine else None
      for task in tasks
    }
    complete = len(mine) == len(tasks)
    result.append(
      Row(
        label=label,
        seeds=max((len(r["config"]["seeds"]) for r in mine.values()), default=0),
        records=mine,
        cells=cells,
        average=average(list(mine.values()), "last", measure) if complete else None,
        reported=tuple(r for r in published if r.beside == label),
      )
    )
  return result


def percent(value: Cell | None, seeds: int | None = None, measure: str = "accuracy") -> str:
  """Formats values as `89.7 ± 0.4`, with (n) if incomplete.

  Its own (n) is shown where that is not the number of seeds asked for. A measure that is no
  fraction is shown as it is, with its own decimals.
  """
  if value is None or value.n == 0:
    return MISSING
  how = outputs.measure(measure)
  text = f"{how.scale * value.mean:.{how.digits}f}"
  if value.std is not None:
    text += f" ± {how.scale * value.std:.{how.digits}f}"
  return text if seeds in (None, value.n) else f"{text} ({value.n})"


def all_diverged(record: Record) -> bool:
  """Whether no seed of a record came to its end."""
  return 0 < len(record["config"]["seeds"]) == len(record.get("diverged") or {})


def mean_of(
  records: Sequence[Record], value: Callable[[Record], float | None], digits: int = 1
) -> str:
  """The mean of a value over records, as text.

  MISSING unless every record has it.
  """
  mean = mean_value(records, value)
  return MISSING if mean is None else f"{mean:.{digits}f}"


def mean_value(records: Sequence[Record], value: Callable[[Record], float | None]) -> float | None:
  """The mean of a value over records.

  None unless every record has it.
  """
  known = [v for v in map(value, records) if v is not None]
  return statistics.fmean(known) if known and len(known) == len(records) else None
