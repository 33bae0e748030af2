"""The worst domain: a column of suites with unseen targets, from the records."""

import pytest
import sample_records

from adapt.report import comparisons, excerpt, tables, worst
from adapt.report.summary import average, judged

SUITE = sample_records.SUITE
TASKS = [task.name for task in SUITE.tasks]
REACHED = {  # by seed; seed 0 is worst on the second task, seed 1 on the third
  "mnist_usps": [0.9, 0.8],
  "usps_mnist": [0.5, 0.7],
  "svhn_mnist": [0.6, 0.4],
}


def record(task, label="irm", unseen=True):
  made = sample_records.make(task, label, seeds=2)
  made["config"] |= {"protocol": "leave-one-out"} if unseen else {}
  made["last"]["accuracy"] = REACHED[task]
  return made


def records(label="irm", unseen=True):
  return [record(task, label, unseen) for task in TASKS]


def test_it_is_the_mean_over_seeds_of_each_seed_s_worst_task():
  found = worst.over(records(), TASKS, "accuracy")
  assert found.mean == pytest.approx(0.45) and found.n == 2
  assert found.std == pytest.approx(0.1 / 2**0.5)
  mean = average(records(), "last", "accuracy").mean
  assert mean > found.mean
  made = records()
  for one in made:  # of an error the highest is the worst
    one["last"]["mae"] = one["last"]["accuracy"]
  assert worst.over(made, TASKS, "mae").mean == pytest.approx(0.85)


def test_a_task_without_a_record_leaves_no_worst():
  assert worst.over(records()[:2], TASKS, "accuracy") is None
  lost = records()
  lost[0]["last"]["accuracy"] = [None, 0.8]
  assert worst.over(lost, TASKS, "accuracy").n == 1


def test_tables_of_unseen_targets_alone_have_the_column():
  made = [*records("dann"), *records("source_only")]
  sheet = tables.accuracy(made, SUITE)
  assert sheet.header == ("method (seeds)", *TASKS, "average", "worst")
  assert all(len(line.entries) == len(TASKS) + 2 for line in sheet.lines)
  ends = {line.name: line.entries[-1].text for line in sheet.lines}
  assert ends["dann"] == "45.0 ± 7.1"
  assert (ends["DANN"], ends["CDAN|E*"]) == ("84.2", "–")  # one published number is no worst
  assert "training-domain validation" in sheet.caption
  usual = tables.accuracy(records("dann", unseen=False), SUITE)
  assert usual.header[-1] == "average" and "Worst" not in usual.caption
  mixed = [*records("dann"), *records("source_only", unseen=False)]
  assert tables.accuracy(mixed, SUITE).header[-1] == "average"


def test_an_excerpt_has_it_where_it_is_asked_for():
  made = [*records("dann"), *records("source_only")]
  assert excerpt.excerpt(made, SUITE, columns=[TASKS[0]]).header[1:] == (TASKS[0],)
  assert excerpt.excerpt(made, SUITE, columns=[*TASKS, "worst"]).header[-1] == "worst"
  with pytest.raises(ValueError, match="worst"):
    excerpt.excerpt(records("dann", unseen=False), SUITE, columns=["worst"])


def test_ways_to_select_stand_apart_whatever_measure_the_suite_shows():
  made = [judged(r, "auroc") for r in records()]
  for one in made:
    one["selected"] = {"validator": "source_accuracy", "step": [1, 1], "accuracy": [0.4, 0.4]}
    one["oracle"] = {"step": [1, 1], "accuracy": [0.95, 0.95]}
  [line] = comparisons.iterates(made, SUITE).lines
  shown = [entry.text for entry in line.entries[:4]]
  assert shown == ["65.0", "40.0", "95.0", "source_accuracy"]
  usual = [{**r, "config": {**r["config"], "protocol": None}} for r in made]
  assert comparisons.iterates(usual, SUITE).lines[0].entries[1].text == "–"


def test_a_command_says_it():
  [line] = worst.lines(records())
  assert line == "irm: worst unseen domain 45.0 ± 7.1, average over 3 65.0 ± 2.4 (accuracy)"
  assert not worst.lines(records(unseen=False)) and not worst.lines(records()[:1])
