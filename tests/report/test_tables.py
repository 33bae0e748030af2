"""Tables: exact text from known records, and the committed ones from the committed records."""

import csv
import io
import json
import runpy
import statistics
from pathlib import Path

import pytest
import sample_records
from rich.console import Console

from adapt.data import atomic_files
from adapt.report import summary, tables, terminal

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parents[1] / "golden" / "table.md"
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
  made = records()  # features made for a task are that task's own
  for item in made:
    item["config"]["data"] = {"features": item["task"]}
  assert len({item["task"] for item in made}) > 1
  assert "Not comparable" not in tables.main_table(made, None)


def test_other_settings_are_named_by_row_where_all_of_it_has_them():
  tasks = [task.name for task in sample_records.SUITE.tasks]
  labels = ("source_only", "dann", "mmd", "svm")
  made = {(t, label): sample_records.make(t, label) for t in tasks for label in labels}
  for (task, label), r in made.items():
    own = r["config"]["settings"]
    own["lr"] = 0.5 if label == "mmd" or (task, label) == (tasks[0], "dann") else 0.25
    own["steps"] = 0 if label == "svm" else own["steps"]
  caption = tables.accuracy(list(made.values()), None, "last").caption
  assert (
    f", lr 0.25; but lr: 0.25 → 0.5 in mmd, {tasks[0]}/dann; svm not trained by steps." in caption
  )


def test_best_is_bold_only_where_it_is_and_ties_are_shown():
  def row(label, accuracy, labelled=0):
    made = sample_records.make("mnist_usps", label, seeds=3)
    made["last"]["accuracy"] = accuracy
    made["examples"] = {**made["examples"], "labelled": labelled}
    return made

  low, near = row("source_only", [0.5, 0.51, 0.52]), row("coral", [0.8, 0.92, 0.81])
  top, few = row("dann", [0.85, 0.86, 0.9]), row("fine_tune", [0.9, 0.91, 0.93], labelled=30)
  bound = row("target_only", [0.99, 0.98, 0.99])

  def marks(*made):
    lines = tables.accuracy(list(made), None).lines
    return {line.name: [entry.mark for entry in line.entries] for line in lines}

  # One task: nothing is said of the average. target_only is a bound and competes with nobody.
  alone = {"source_only": ["", ""], "dann": ["best", ""], "target_only": ["", ""]}
  assert marks(low, top, bound) == alone
  assert marks(low, near, top) == {
    "source_only": ["", ""],
    "coral": ["tie", ""],
    "dann": ["tie", ""],
  }
  # Whoever sees target labels competes with the others that do.
  assert marks(low, top, few)["dann"] == ["best", ""] and marks(low, top, few)["fine_tune"][0] == ""
  worse = row("weighted", [0.7, 0.72, 0.72], labelled=30)
  found = marks(low, top, few, worse, bound)
  assert found["fine_tune"][0] == "best" and found["target_only"] == found["weighted"] == ["", ""]
  other = {**bound, "label": "target_only-steps=300"}  # other settings leave it a bound
  assert marks(low, top, other)["dann"] == ["best", ""]
  assert marks(top, few, worse, other)["fine_tune"][0] == "best"
  text = tables.main_table([low, top], None)
  assert "| **87.0 ± 2.6** | 87.0 ± 2.6 |" in text and "Bold: above" in text
  assert "Bold" not in tables.main_table([low], None)


def test_averages_are_told_apart_over_tasks():
  made = []
  for i in range(6):
    for label, level in (("source_only", 0.5), ("dann", 0.7 + i / 50)):
      made.append(sample_records.make(f"s{i}_t{i}", label, level, seeds=3))

  def average(records):
    lines = tables.accuracy(records, None).lines
    return {line.name: line.entries[-1].mark for line in lines}

  assert average(made) == {"source_only": "", "dann": "best"}
  assert average([r for r in made if r["task"] != "s0_t0"]) == {"source_only": "", "dann": ""}


def test_a_training_that_was_not_timed_has_no_rate():
  made = sample_records.make("mnist_usps", "dann", 0.8)
  made["seconds"], made["images_per_second"] = made["seconds"] | {"train": 1e-9}, 6.4e14
  [line] = tables.cost([made], None).lines
  assert [entry.value for entry in line.entries][:3] == [None, 57.0, None]


def test_two_runs_of_the_same_numbers_differ_in_their_costs_alone():
  again = records()
  for r in again:
    r["seconds"] = {"train": 1.0, "total": 2.0}
    r.update(images_per_second=9.0, prediction_ms_per_1000=8.0, date="2030")
    r["environment"] = {"commit": "ff" * 20, "device": "gpu", "dirty": False}
  suite = sample_records.SUITE
  assert tables.sheets(again, suite) == tables.sheets(records(), suite)
  assert tables.cost(again, suite) != tables.cost(records(), suite)
  assert "ffffffffff. Device: gpu." in tables.cost(again, suite).caption
  assert "Device: gpu." in tables.main_table(again, suite)


def test_selection_is_computed_from_the_records(tree, capsys):
  for file in (tree / "results").glob("digits/*/*.json"):
    item = json.loads(file.read_text())
    # The first evaluation is best to this validator: nothing a run would have picked.
    item["validators"] = {
      "early": [[-float(e) for e in range(10)] for _ in item["config"]["seeds"]]
    }
    atomic_files.write_json(file, item)
  main = script("make_tables.py")
  assert main([*flags(tree), "--select", "early"]) == 0
  text = (tree / "results" / "tables" / "early" / "digits.md").read_text(encoding="utf-8")
  made = sample_records.make("mnist_usps", "dann", LEVELS["dann"])
  first = summary.cell([curve[0] for curve in made["curves"]["target_accuracy"]])
  assert f"| dann (3) | {summary.percent(first)}" in text
  assert "at the evaluation that the label-free validator early scores best" in text
  assert (tree / "results" / "tables" / "early" / "index.html").exists()
  assert not (tree / "results" / "index.html").exists()
  assert "\nold\n" in (tree / "README.md").read_text()  # its headline is the last step
  assert main([*flags(tree), "--select", "late"]) == 2
  assert "choose --select from last, oracle, auto, early" in capsys.readouterr().err


def test_a_suite_may_say_which_evaluation_counts():
  made = sample_records.make("mnist_usps", "dann", LEVELS["dann"])
  made["validators"] = {"early": [[-float(e) for e in range(10)] for _ in made["config"]["seeds"]]}
  first = summary.percent(summary.cell([c[0] for c in made["curves"]["target_accuracy"]]))
  suite = sample_records.SUITE._replace(select="early")
  for page in (tables.markdown([made], suite), tables.main_table([made], suite)):
    assert f"| dann (3) | {first}" in page
    assert "the label-free validator early scores best" in page and "not the protocol's" not in page
  last = tables.markdown([made], suite, "last")
  assert f"| dann (3) | {first}" not in last and "not the protocol's choice" in last


def test_a_reader_can_load_every_format(tree):
  assert script("make_tables.py")(flags(tree)) == 0
  with (tree / "results" / "tables" / "digits.csv").open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
  (found,) = [
    r for r in rows if (r["table"], r["row"], r["column"]) == ("accuracy", "dann", "mnist_usps")
  ]
  wanted = sample_records.make("mnist_usps", "dann", LEVELS["dann"])["last"]["accuracy"]
  assert float(found["value"]) == pytest.approx(100 * statistics.fmean(wanted), abs=1e-5)
  assert float(found["std"]) == pytest.approx(100 * statistics.stdev(wanted), abs=1e-5)
  assert {"accuracy", "gains", "iterates", "measures"} == {r["table"] for r in rows}
  (published,) = {r["published"] for r in rows if r["row"] == "DANN"}
  assert published == (
    "DANN: A. Author et al., 2020, Table 1. Best on target test. Ours is more than 2 of its standard "
    "deviations away on 2 of 3 tasks (svhn_mnist +5.0, usps_mnist -4.9): not explained"
  )
  latex = (tree / "results" / "tables" / "digits.tex").read_text(encoding="utf-8")
  assert latex.count(r"\begin{table*}") == latex.count(r"\end{table*}") == 4
  assert "## digits" in (tree / "results" / "tables" / "costs.md").read_text(encoding="utf-8")


def test_script_writes_checks_and_fills_the_readme(tree, capsys):
  main = script("make_tables.py")
  assert main(flags(tree)) == 0
  page = (tree / "results" / "tables" / "digits.md").read_text(encoding="utf-8")
  assert page == GOLDEN.read_text(encoding="utf-8")
  readme = (tree / "README.md").read_text(encoding="utf-8")
  assert tables.main_table(records(), sample_records.SUITE) in readme
  assert readme.startswith("a\n<!--")
  assert readme.endswith("-->\nz\n")
  assert "\nold\n" not in readme
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
  assert "dann weight=0.0 (3)" in text
  assert "source_only" in text


def test_compare(tree, capsys):
  other = [r for r in records() if r["label"] != "mmd"]
  other[0]["last"]["accuracy"] = [a + 0.05 for a in other[0]["last"]["accuracy"]]
  other[0]["confusion"] = None  # which would say another accuracy
  sample_records.save(tree / "other", *other)
  assert script("compare.py")([str(tree / "results"), str(tree / "other")]) == 0
  printed = capsys.readouterr().out
  assert "+5.0" in printed
  assert "+0.0" in printed
  assert printed.count("missing") == 3
  # One of three tasks moved for source_only: 5 / 3 on average; too few tasks for any p below 0.05.
  (line,) = [part for part in printed.splitlines() if "source_only" in part and "[" in part]
  assert "+1.7" in line and "1.000" in line
  other[1]["config"]["settings"]["lr"] = 7.0
  sample_records.save(tree / "other", *other)
  assert script("compare.py")([str(tree / "results"), str(tree / "other")]) == 0
  assert "settings.lr: 0.01 → 7.0" in capsys.readouterr().out
  for name in ("a", "b"):  # brackets are text, not the terminal's markup
    sample_records.save(tree / name, sample_records.make("[bold]s_t", "dann"))
  assert script("compare.py")([str(tree / "a"), str(tree / "b")]) == 0
  assert "[bold]s_t" in capsys.readouterr().out
  assert script("compare.py")([str(tree / "none"), str(tree / "other")]) == 2


def test_commands_of_committed_records_name_no_folder_of_one_machine():
  found = {}
  for file in sorted((ROOT / "results").glob("*/*/*.json")):
    command = json.loads(file.read_text("utf-8")).get("command", "")
    if any(word.startswith(("/", "~")) for word in command.replace("=", " ").split()):
      found[file.name] = command
  assert not found


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
  assert f"| osbp (3) | **{summary.percent(h)}** | **{summary.percent(h)}** |" in page
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
