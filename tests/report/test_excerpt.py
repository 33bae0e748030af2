"""A part of a table: what is shown competes, and what has no number is gone."""

import pytest
import sample_records

from adapt.cli import commands
from adapt.report.excerpt import excerpt, text

TASKS = [task.name for task in sample_records.SUITE.tasks]
LEVELS = {"source_only": 0.75, "dann": 0.9, "mcc": 0.8}
RECORDS = [sample_records.make(TASKS[0], label, level) for label, level in LEVELS.items()]
RECORDS.append(sample_records.make(TASKS[1], "dann", 0.6))


def test_the_best_of_what_is_shown_is_marked():
  whole = excerpt(RECORDS, sample_records.SUITE)
  part = excerpt(RECORDS, sample_records.SUITE, rows=["source_only", "mcc"], columns=[TASKS[0]])
  marked = [{one.name for one in s.lines if one.entries[0].mark == "best"} for s in (whole, part)]
  assert marked == [{"dann"}, {"mcc"}]
  assert part.header == ("method (seeds)", TASKS[0])
  assert {len(one.entries) for one in part.lines} == {1}


def test_the_average_is_of_the_columns_shown():
  [dann] = excerpt(RECORDS, None, ["dann"], [TASKS[0], "average"]).lines
  first, average = dann.entries
  assert first.value == average.value != excerpt(RECORDS, None, ["dann"]).lines[0].entries[-1].value


def test_rows_and_columns_without_a_number_are_left_out():
  made = excerpt(RECORDS, sample_records.SUITE, columns=[TASKS[1]])
  assert [one.name for one in made.lines if not one.published] == ["dann"]
  assert all(any(e.value is not None for e in one.entries) for one in made.lines)
  assert [one.detail for one in made.lines if one.published] == [
    f"[{i}]" for i in range(1, len(made.notes) + 1)
  ]
  assert excerpt(RECORDS, sample_records.SUITE).header[1:-1] == tuple(TASKS[:2])


def test_a_short_caption_is_its_first_sentence():
  made = excerpt(RECORDS, sample_records.SUITE)
  short = text(made, "digits", latex=True, caption="short")
  assert r"\toprule" in short and len(short) < len(text(made, "digits", latex=True))
  assert "Mine." in text(made, "digits", latex=False, caption="Mine.")


@pytest.mark.parametrize(
  ("flags", "said"),
  [
    (["--rows", "dann"], "--rows is of one table: name its suite by --suite"),
    (["--suite", "digts"], "unknown suite 'digts' (did you mean digits?)"),
    (["--suite", "digits", "--rows", "dan"], "unknown row 'dan' (did you mean dann?)"),
    (["--suite", "digits", "--columns", "x"], "unknown column 'x'"),
  ],
)
def test_what_there_is_not_is_one_line(flags, said, tmp_path, capsys):
  sample_records.save(tmp_path, *RECORDS)
  assert commands.main(["tables", "--results", str(tmp_path), *flags]) == 2
  error = capsys.readouterr().err
  assert said in error and error.count("\n") == 1


def test_it_is_printed_and_nothing_is_written(tmp_path, capsys):
  sample_records.save(tmp_path, *RECORDS)
  before = set(tmp_path.rglob("*"))
  flags = ["--suite", "digits", "--rows", "dann", "--latex", "--caption", "short"]
  assert commands.main(["tables", "--results", str(tmp_path), *flags]) == 0
  assert r"\begin{tabular}" in capsys.readouterr().out
  assert set(tmp_path.rglob("*")) == before
