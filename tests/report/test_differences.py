"""Two folders of records side by side: missing cells, changes over common seeds, other settings."""

import io

import sample_records
from rich.console import Console

from adapt.report import differences


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
