"""Notes beside published rows: which of our numbers are others, by how much, and why."""

import pytest
import sample_records

from adapt.experiments.suite import Reported
from adapt.report import published, summary

TASKS = [task.name for task in sample_records.SUITE.tasks]


def ours(*levels, deterministic=False):
  """A row with these accuracies, one a task, over three seeds half a point apart or all equal."""
  made = [sample_records.make(t, "dann", 0.5, seeds=3) for t in TASKS[: len(levels)]]
  for r, level in zip(made, levels, strict=True):
    r["last"]["accuracy"] = [level + (0 if deterministic else d) for d in (-0.005, 0, 0.005)]
  return next(row for row in summary.rows(made, None) if row.label == "dann")


def theirs(*percents, cause=""):
  return Reported(
    "DANN", "dann", "A paper", "its protocol", dict(zip(TASKS, percents, strict=False)), cause
  )


def test_two_deviations_are_no_departure_and_more_are():
  row = ours(0.8, 0.8, 0.8)
  assert published.departures(theirs(79.1, 80.9, 80.0), row) == {}
  apart = published.departures(theirs(78.9, 81.1, 80.0), row)
  assert apart == {TASKS[0]: pytest.approx(1.1), TASKS[1]: pytest.approx(-1.1)}


def test_rounding_of_what_is_published_is_no_departure():
  assert published.departures(theirs(80.0), ours(0.8004, deterministic=True)) == {}
  assert published.departures(theirs(80.0), ours(0.8006, deterministic=True))


def test_the_note_names_the_furthest_first_and_the_cause():
  row = ours(0.8, 0.8, 0.8)
  assert published.note(theirs(80.0), row) == "DANN: A paper. its protocol"
  text = published.note(theirs(75.0, 90.0, 80.0, cause="another split"), row)
  assert text.endswith(f"on 2 of 3 tasks ({TASKS[1]} -10.0, {TASKS[0]} +5.0): another split")
  assert published.note(theirs(70.0), row).endswith(published.UNEXPLAINED)


def test_one_seed_has_no_deviation_to_judge_by():
  made = sample_records.make(TASKS[0], "dann", 0.5, seeds=1)
  [row] = [r for r in summary.rows([made], None) if r.label == "dann"]
  assert published.departures(theirs(80.0), row) == {}


def test_a_row_without_all_numbers_has_no_average():
  cells = published.entries(theirs(80.0, 70.0), TASKS[:2])
  assert [c.text for c in cells] == ["80.0", "70.0", "75.0"]
  assert published.entries(theirs(80.0), TASKS[:2])[1:] == [published.NONE] * 2
