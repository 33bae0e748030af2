"""Tables: exact text from known records, and the committed ones from the committed records."""

import io
import runpy
import statistics
from pathlib import Path

import pytest
import sample_records
from rich.console import Console

from adapt import summary, tables, terminal

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden" / "table.md"
LEVELS = {"source_only": 0.75, "dann": 0.9, "dann-weight=0.0": 0.73, "target_only": 0.97}


def script(name):
  return runpy.run_path(str(ROOT / "scripts" / name))["main"]


def records():
  """Three tasks; one cell missing, one seed and one whole run diverged, one run shortened."""
  tasks = [task.name for task in sample_records.SUITE.tasks]
  made = [
    sample_records.make(task, label, level)
    for task in tasks
    for label, level in LEVELS.items()
    if (task, label) != ("svhn_mnist", "dann-weight=0.0")
  ]
  lost = {"0": 3, "1": 3, "2": 3}
  made.append(sample_records.make("mnist_usps", "mmd", 0.8, diverged={"2": 137}))
  made.append(sample_records.make("usps_mnist", "mmd", 0.8, diverged=lost))
  made.append(sample_records.make("svhn_mnist", "mmd", 0.8, seeds=1, steps=100))
  made[0]["environment"]["dirty"] = True
  return made


@pytest.fixture
def tree(tmp_path):
  sample_records.save(tmp_path / "results", *records())
  (tmp_path / "benchmarks").mkdir()
  folder = Path(sample_records.__file__).parent
  (tmp_path / "benchmarks" / "digits.py").write_text(
    f"import sys\nsys.path.insert(0, {str(folder)!r})\nimport sample_records\n"
    "SUITE = sample_records.SUITE\n"
  )
  (tmp_path / "benchmarks" / "speed.py").write_text("import nothing_of_that_name\n")
  (tmp_path / "README.md").write_text("a\n<!-- results:digits -->\nold\n<!-- /results -->\nz\n")
  return tmp_path


def flags(tree):
  names = {"results": "results", "benchmarks": "benchmarks", "readme": "README.md"}
  return [part for flag, name in names.items() for part in (f"--{flag}", str(tree / name))]


def test_golden():
  """If you did not intend to change the tables, this may be a bug."""
  text = tables.markdown(records(), sample_records.SUITE)
  assert text == GOLDEN.read_text(encoding="utf-8")
  assert text == tables.markdown(records()[::-1], sample_records.SUITE)


def test_average_is_over_tasks_within_each_seed():
  made = [r for r in records() if r["label"] == "dann"]
  columns = [r["last"]["accuracy"] for r in made]
  per_seed = [statistics.fmean(values) for values in zip(*columns, strict=True)]
  (row,) = [r for r in summary.rows(records(), sample_records.SUITE) if r.label == "dann"]
  assert row.average.mean == pytest.approx(statistics.fmean(per_seed))
  assert row.average.std == pytest.approx(statistics.stdev(per_seed))


def test_one_seed_has_no_deviation():
  assert summary.percent(summary.cell([0.5])) == "50.0"
  assert summary.percent(summary.cell([None])) == summary.MISSING
  assert summary.percent(summary.cell([0.25, None, 0.75]), 3) == "50.0 ± 35.4 (2)"


def test_target_without_labels():
  made = sample_records.make()
  made.update(last=None, selected=None, oracle=None, confusion=None)
  assert "| dann (3) | – | – |" in tables.markdown([made], None)
  terminal.table([made])


def test_different_data_is_not_hidden():
  made = records()
  made[0]["config"]["data"]["usps"] = "other"
  assert "**Not comparable: rows saw different versions of usps.**" in tables.main_table(made, None)


def test_script_writes_checks_and_fills_the_readme(tree, capsys):
  main = script("make_tables.py")
  assert main(flags(tree)) == 0
  page = (tree / "results" / "tables" / "digits.md").read_text(encoding="utf-8")
  assert page == GOLDEN.read_text(encoding="utf-8")
  readme = (tree / "README.md").read_text(encoding="utf-8")
  assert tables.main_table(records(), sample_records.SUITE) in readme
  assert readme.startswith("a\n<!--")
  assert readme.endswith("-->\nz\n")
  assert "old" not in readme
  assert main([*flags(tree), "--check"]) == 0
  (tree / "results" / "tables" / "digits.md").write_text(page.replace("dann (3)", "best (3)"))
  (tree / "results" / "tables" / "gone.md").write_text("")
  capsys.readouterr()
  assert main([*flags(tree), "--check"]) == 1
  printed = capsys.readouterr().out
  assert "-| best (3)" in printed
  assert "gone.md: no records, delete it" in printed


def test_broken_record_is_one_line(tree, capsys):
  (tree / "results" / "digits" / "mnist_usps" / "dann.json").write_text("{")
  assert script("make_tables.py")(flags(tree)) == 2
  assert "--force" in capsys.readouterr().err


def test_terminal():
  console = Console(width=160, file=io.StringIO())
  console.print(terminal.table(records()))
  text = console.file.getvalue()
  assert "diverged" in text
  assert "dann-weight=0.0 (3)" in text
  assert "source_only" in text


def test_compare(tree, capsys):
  other = [r for r in records() if r["label"] != "mmd"]
  other[0]["last"]["accuracy"] = [a + 0.05 for a in other[0]["last"]["accuracy"]]
  sample_records.save(tree / "other", *other)
  assert script("compare.py")([str(tree / "results"), str(tree / "other")]) == 0
  printed = capsys.readouterr().out
  assert "+5.0" in printed
  assert "+0.0" in printed
  assert printed.count("missing") == 3
  assert script("compare.py")([str(tree / "none"), str(tree / "other")]) == 2


def test_committed_tables_follow_from_the_records(capsys):
  if not list((ROOT / "results").glob("*/*/*.json")):
    pytest.skip("no records yet")
  assert script("make_tables.py")(["--check"]) == 0, capsys.readouterr().out


def open_records():
  """Two tasks with unknown classes."""
  made = []
  for task in ("mnist_usps", "usps_mnist"):
    for label, rejected in (("source_only", 0.0), ("osbp", 0.6)):
      record = sample_records.make(task, label, 0.8)
      del record["last"]["precision"], record["last"]["recall"], record["last"]["f1"]
      known, both = [0.9, 0.8, 0.7], [rejected] * 3
      h = [2 * k * rejected / (k + rejected) for k in known]
      record["last"] |= {"h_score": h, "os_star": known, "unknown": both, "os": known}
      for section in ("selected", "oracle"):
        record[section]["h_score"] = h
      made.append(record)
  return made


def test_where_all_tasks_have_unknown_classes_the_table_shows_the_h_score():
  page = tables.markdown(open_records(), None)
  h = summary.cell([0.72, 0.6857142857, 0.6461538462])
  assert f"| osbp (3) | {summary.percent(h)} | {summary.percent(h)} |" in page
  assert "| source_only (3) | 0.0 ± 0.0 |" in page
  assert "Target test H-score (harmonic mean" in page and "Mean target H-score" in page
  assert r"| accuracy | OS | OS\* | unknown |" in page and "precision" not in page
  assert "| 80.0 ± 10.0 | 60.0 ± 0.0 |" in page  # OS* and unknown
  console = Console(width=160, file=io.StringIO())
  console.print(terminal.table(open_records()))
  assert "H-score" in console.file.getvalue() and "precision" not in console.file.getvalue()


def test_beside_a_closed_task_accuracy_is_what_both_have():
  page = tables.markdown([*open_records(), sample_records.make("svhn_mnist", "osbp")], None)
  assert "Target test accuracy in percent" in page
  assert summary.headline(open_records()) == "h_score"
  assert summary.headline([sample_records.make()]) == "accuracy"
