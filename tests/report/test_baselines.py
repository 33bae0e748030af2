"""Which source_only a record is compared with, and that tables, page and pictures take the same one."""

import pytest
import sample_records

from adapt.report import baselines, comparisons, figures, page_overview

TASKS = [f"s{i}_t{i}" for i in range(3)]


def made(label, level=0.8, task="mnist_usps", **config):
  record = sample_records.make(task, label, level)
  record["config"].update(config)
  return record


@pytest.mark.parametrize(
  ("label", "others", "expected"),
  [
    ("dann-steps=9", "source_only-steps=9 source_only", "source_only-steps=9"),
    ("dann-steps=9-weight=0.0", "source_only-steps=9 source_only", "source_only-steps=9"),
    (
      "a-lr=1e-05-steps=9",
      "source_only-lr=1e-05-steps=9 source_only",
      "source_only-lr=1e-05-steps=9",
    ),
    ("fine_tune+lora-rank=8-shots=3-steps=9", "source_only-steps=9", "source_only-steps=9"),
    ("dann-steps=9", "source_only source_only-lr=0.1", "source_only"),
    ("dann-steps=9", "source_only-lr=0.1 source_only+mlls-steps=9 source_only-single", None),
    ("dann", "source_only source_only-steps=9", "source_only"),
    ("dann", "source_only-steps=9", None),
    ("source_only-steps=9", "source_only source_only-lr=0.1", "source_only"),
    ("source_only", "source_only-steps=9", None),
  ],
)
def test_the_baseline_has_the_same_changed_settings(label, others, expected):
  record = made(label, tuning={"name": "lora", "rank": 8})
  records = [record, *(made(other) for other in others.split())]
  assert baselines.baseline(record, records) == expected


def test_of_two_alike_neither_is_the_baseline():
  twins = [made("source_only-steps=9"), made("source_only-rank=8-steps=9", tuning={"rank": 8})]
  record = made("dann-steps=9")
  assert baselines.baseline(record, twins) is None
  assert baselines.baseline(record, [*twins, made("source_only")]) == "source_only"


def test_gains_are_over_it_and_the_caption_says_so():
  records = [made("source_only-steps=9", 0.5, t) for t in TASKS]
  records += [made("dann-steps=9", 0.7, t) for t in TASKS] + [made("coral", 0.6, t) for t in TASKS]
  sheet = comparisons.gains(records, None)
  [line] = sheet.lines
  assert line.name == "dann-steps=9" and 10 < line.entries[0].value < 30
  assert "Compared with source_only of the same settings: dann-steps=9 (source_only-steps=9)." in (
    sheet.caption
  )
  assert sheet.caption.endswith("No source_only to compare with: coral.")
  plain = [*records, *(made("source_only", 0.65, t) for t in TASKS)]
  found = {line.name: line.entries[0].value for line in comparisons.gains(plain, None).lines}
  assert found["coral"] < 0 < found["dann-steps=9"] and found["source_only-steps=9"] < 0
  assert "No source_only" not in comparisons.gains(plain, None).caption


def test_the_page_has_a_column_of_other_settings():
  records = [made("source_only-steps=9", 0.5), made("dann-steps=9", 0.7), made("coral", 0.6)]
  records += [made("dann-steps=9-weight=0.0", 0.9)]
  sheet = page_overview.gains(records)
  assert sheet.header == ("method", "digits, steps=9") and [n.name for n in sheet.lines] == ["dann"]
  both = page_overview.gains([*records, made("source_only", 0.4)])
  assert both.header == ("method", "digits", "digits, steps=9")
  assert [[e.text != "–" for e in n.entries] for n in both.lines] == [[True, False], [False, True]]


def test_pictures_set_it_beside():
  records = [made("source_only", 0.5), made("source_only-steps=9", 0.6), made("dann-steps=9", 0.7)]
  shown = figures.before_and_after(records)
  assert [r["label"] for r in shown] == ["source_only-steps=9", "dann-steps=9"]
  assert [r["label"] for r in figures.before_and_after([records[1], made("coral")])] == ["coral"]
