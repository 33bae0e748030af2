"""Published rows beside ours: numbers, differences and their causes."""

import statistics
from collections.abc import Sequence

from adapt.experiments.suite import Reported
from adapt.report.summary import Row
from adapt.report.table import NONE, Entry

DEVIATIONS = 2  # of ours, beyond which a published number is another one
_ROUNDED = 0.0501  # points that a published number may be off by itself
_NAMED = 4  # tasks named in a note
UNEXPLAINED = "not explained"


def entries(reported: Reported, tasks: Sequence[str]) -> list[Entry]:
  """The row's numbers by task, and their average where all are there."""
  numbers = [reported.accuracy.get(task) for task in tasks]
  known = [number for number in numbers if number is not None]
  numbers.append(statistics.fmean(known) if known and len(known) == len(tasks) else None)
  return [NONE if n is None else Entry(f"{n:.1f}", n) for n in numbers]


def note(reported: Reported, row: Row) -> str:
  """The source of a row, and the tasks where ours differs.

  A difference is more than two deviations.

  Args:
    reported: the published row; its `cause` says why, as far as an experiment has shown it.
    row: ours.
  """
  text = f"{reported.label}: {reported.source}. {reported.protocol}"
  if apart := departures(reported, row):
    compared = sum(_std(row, task) is not None for task in reported.accuracy)
    most = sorted(apart, key=lambda task: -abs(apart[task]))[:_NAMED]
    named = ", ".join(f"{task} {apart[task]:+.1f}" for task in most)
    more = f" and {len(apart) - len(most)} more" if len(apart) > len(most) else ""
    text = text.rstrip(".")
    text += (
      f". Ours is more than {DEVIATIONS} of its standard deviations away on {len(apart)} of {compared} "
      f"tasks ({named}{more}): {reported.cause or UNEXPLAINED}"
    )
  return text


def departures(reported: Reported, row: Row) -> dict[str, float]:
  """Task → points by which ours is above the published number.

  Only tasks where the two differ by more than DEVIATIONS standard deviations.
  """
  apart = {}
  for task, theirs in reported.accuracy.items():
    ours, std = row.cells.get(task), _std(row, task)
    if ours is not None and std is not None:
      points = 100 * ours.mean - theirs
      if abs(points) > max(DEVIATIONS * 100 * std, _ROUNDED):
        apart[task] = points
  return apart


def _std(row: Row, task: str) -> float | None:
  ours = row.cells.get(task)
  return ours.std if ours is not None and ours.n else None
