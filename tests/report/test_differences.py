"""Two folders of records side by side: missing cells, changes over common seeds, other settings."""

import io

import pytest
import sample_records
from rich.console import Console

from adapt.report import differences, summary


def shown(table):
  console = Console(width=200, file=io.StringIO())
  console.print(table)
  return console.file.getvalue()


def test_a_cell_of_one_side_is_missing_on_the_other():
  a = [sample_records.make(label=label) for label in ("source_only", "dann")]
  text = shown(differences.comparison(a, a[:1]))
  [line] = [li for li in text.splitlines() if " dann " in li]
  assert "missing" in line
  assert "missing" not in shown(differences.comparison(a, a))


def test_a_change_is_paired_over_seeds_and_says_what_else_is_different():
  a, b = sample_records.make(label="dann"), sample_records.make(label="dann")
  b["last"]["accuracy"] = [v + 0.02 for v in b["last"]["accuracy"]]
  b["config"]["settings"]["lr"] = 7.0
  text = shown(differences.comparison([a], [b]))
  assert "+2.0" in text and "settings.lr: 0.01 → 7.0" in text
  [line] = [li for li in shown(differences.changes([a], [b])).splitlines() if " dann " in li]
  assert "+2.0" in line


@pytest.mark.parametrize(
  ("measure", "before", "after", "shown_as", "better"),
  [
    ("r2", 0.5, 0.625, "+0.125", 4),
    ("mae", 8.0, 2.0, "-6.000", 4),
    ("brier", 0.5, 0.75, "+0.250", 0),
  ],
)
def test_both_tables_have_one_unit_and_one_direction(measure, before, after, shown_as, better):
  def side(level):
    made = [sample_records.make(f"s{i}_t{i}", "dann") for i in range(4)]
    output = {} if measure == "brier" else {"output": {"name": "values", "mean": [0], "std": [1]}}
    last = {"last": {measure: [level + 0.0] * 3}}
    return [summary.judged({**r, **output, **last}, measure) for r in made]

  a, b = side(before), side(after)
  for table in (differences.comparison(a, b), differences.changes(a, b)):
    text = shown(table)
    assert all(shown_as in line for line in text.splitlines() if " dann " in line)
  [line] = [li for li in text.splitlines() if " dann " in li]
  assert line.split()[:5] == ["dann", "4", str(better), shown_as, f"[{shown_as},"]
