"""Worst-domain results: of each seed the lowest over its unseen domains.

Domain generalisation asks how a model does where it does worst (Koh et al., 2021, arXiv:2012.07421). Tables
of suites whose targets are all unseen have it beside the average.
"""

from collections.abc import Sequence

from adapt import outputs
from adapt.experiments.suite import LEAVE_ONE_OUT, Reported
from adapt.report.summary import Cell, Record, average, by_seed, cell, headline, percent
from adapt.report.table import NONE, Entry

COLUMN = "worst"
CAPTION = (
  "Targets are unseen: source_accuracy is training-domain validation; +search by leave_one_domain_out "
  "chose settings by sources left out; the oracle is in the table of iterates alone. Worst: of each seed "
  "its worst domain, then mean and deviation over seeds; of a published row the lowest of its means."
)


def shown(records: Sequence[Record], tasks: Sequence[str]) -> bool:
  """Whether a table of these records and tasks has the column."""
  every = [r["config"].get("protocol") == LEAVE_ONE_OUT for r in records]
  return len(tasks) > 1 and bool(every) and all(every)


def over(records: Sequence[Record], tasks: Sequence[str], measure: str) -> Cell | None:
  """The worst task of each seed, over seeds.

  None unless every task has a record. Only seeds that have a value on every task count.
  """
  columns = [by_seed(record, "last", measure) for record in records]
  if {r["task"] for r in records} != set(tasks) or not all(columns):
    return None
  sign = outputs.measure(measure).sign
  found = []
  for seed in columns[0]:
    values = [column.get(seed) for column in columns]
    known = [sign * value for value in values if value is not None]
    if len(known) == len(tasks):
      found.append(sign * min(known))
  return cell(found)


def lines(records: Sequence[Record]) -> list[str]:
  """What a command says of the worst domain, a line per label."""
  found, tasks = [], sorted({r["task"] for r in records})
  measure = headline(records)
  how = outputs.measure(measure)
  for label in dict.fromkeys(r["label"] for r in records) if shown(records, tasks) else ():
    mine = [r for r in records if r["label"] == label]
    value, mean = over(mine, tasks, measure), average(mine, "last", measure)
    if value and value.n and mean:
      found.append(
        f"{label}: worst unseen domain {percent(value, None, measure)}, average over {len(tasks)} "
        f"{percent(mean, None, measure)} ({how.title.partition(' (')[0]})"
      )
  return found


def published(reported: Reported, tasks: Sequence[str]) -> Entry:
  """The lowest of a published row's numbers.

  None unless it has one for every task.
  """
  numbers = [reported.accuracy[task] for task in tasks if task in reported.accuracy]
  if len(numbers) < len(tasks):
    return NONE
  return Entry(f"{min(numbers):.1f}", min(numbers))
