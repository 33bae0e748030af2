"""Marks of a table's best rows: none is bold that its own test has below another."""

import pytest
import sample_records

from adapt.report import summary, tables


def test_a_mean_that_is_highest_by_one_task_is_not_bold():
  made = []
  for i in range(12):
    for label in ("dann", "coral"):
      level = 0.5 + (label == "dann") * (0.3 if i == 0 else -0.002 * i)
      made.append(sample_records.make(f"s{i}_t{i}", label))
      made[-1]["last"]["accuracy"] = [level, level + 0.001, level]
  averages = {line.name: line.entries[-1] for line in tables.accuracy(made, None).lines}
  assert averages["dann"].value > averages["coral"].value
  assert {label: entry.mark for label, entry in averages.items()} == {"dann": "tie", "coral": "tie"}


@pytest.mark.parametrize("measure", ["accuracy", "brier"])
def test_a_mean_that_is_best_by_a_seed_that_the_other_lost_is_not_bold(measure):
  made = []
  for label, values in (("dann", [0.5, 0.51, 0.5, 0.95]), ("coral", [0.55, 0.561, 0.551, None])):
    record = sample_records.make("mnist_usps", label, seeds=4)
    of = [v and (1 - v if measure == "brier" else v) for v in values]
    made.append(summary.judged({**record, "last": {measure: of}}, measure))
  marks = {line.name: line.entries[0].mark for line in tables.accuracy(made, None).lines}
  assert marks == {"dann": "tie", "coral": "tie"}
