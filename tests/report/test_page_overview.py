"""The results page's first tables: gains over source_only, the label-free choice, the scoreboard."""

import json

import numpy as np
import pytest
import sample_records

from adapt.report import page_overview


def test_gains_are_those_of_common_tasks_and_the_choice_sees_no_target_label():
  made = [
    sample_records.make("mnist_usps", "source_only", 0.7),
    sample_records.make("mnist_usps", "dann", 0.8),
    sample_records.make("usps_mnist", "dann", 0.8),
  ]
  for r, score in zip(made, (0.1, 0.9, 0.5), strict=True):
    r["validators"] = {"bnm": [[score] for _ in r["config"]["seeds"]]}
  table = page_overview.gains(made)
  (line,) = table.lines
  base, mine = (100 * np.mean(r["last"]["accuracy"]) for r in made[:2])
  assert line.name == "dann" and line.entries[0].value == pytest.approx(mine - base)
  assert line.entries[0].mark == "up3*"
  seen = [*made[:1], {**made[1], "examples": {**made[1]["examples"], "labelled": 10}}]
  assert page_overview.gains(seen).lines[0].entries[0].mark == "up3"


def test_the_scoreboard_has_the_suites_with_published_rows_that_were_run():
  made = [sample_records.make("mnist_usps", "dann", 0.8)]
  known = {"digits": sample_records.SUITE, "letters": sample_records.SUITE._replace(name="letters")}
  *_, board = page_overview.sheets(made, known)
  assert [line.name for line in board.lines] == ["digits"]
  counts = [entry.value for entry in board.lines[0].entries]
  assert counts[0] == sum(counts[1:]) == len(sample_records.SUITE.reported)


def test_first_runs_are_shaded_by_what_they_are_above_the_regression(tmp_path):
  run = {"test rows": 58, "measure": "r2", "seeds": 3, "source_only": 0.9, "target_only": 0.5}
  scores = {f"{b} {o}": 0.85 for b in ("source_only", "target_only") for o in ("LR", "RF")}
  file = tmp_path / "first_run.json"
  file.write_text(json.dumps({"air_a_b": {**run, **scores}}))
  [board] = page_overview.sheets([], {}, file)
  [line] = board.lines
  assert line.name == "air a b" and [e.text for e in line.entries][:4] == [
    "R²",
    "58",
    "90.0",
    "85.0",
  ]
  assert (line.entries[2].mark, line.entries[5].mark) == ("up2", "down3")
  assert page_overview.sheets([], {}, tmp_path / "none.json") == []
