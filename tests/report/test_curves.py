"""Curves show the measure that tables show, or say that it is not recorded at each evaluation."""

import json

import sample_records

from adapt.report import curves, figures, page_data
from adapt.report.summary import judged


def test_curves_leave_out_what_diverged(tmp_path):
  lost = sample_records.make(diverged={"0": 3, "1": 3, "2": 3})
  assert curves.written([lost], tmp_path / "curves.png") is None


def pair(measure, **beside):
  """Two records whose suite names a measure, with its curves where asked for."""
  made = [sample_records.make(label=label) for label in ("source_only", "dann")]
  for record in made:
    record["last"][measure] = [0.25] * 3
    if label := beside.get(record["label"]):
      record["curves"][f"target_{measure}"] = [[label] * 10] * 3
  return [judged(record, measure) for record in made]


def shown(records):
  axis = curves.figure(records).axes[0]
  assert max(map(len, axis.get_ylabel().splitlines())) < 50  # more does not fit beside the axis
  return axis.get_ylabel().replace("\n", " "), {
    line.get_label(): line.get_ydata()[0] for line in axis.get_lines()
  }


def test_curves_are_of_the_suite_s_measure_where_every_record_has_it():
  label, lines = shown(pair("auroc", source_only=0.5, dann=0.75))
  assert label == "target test AUROC (%)" and lines == {"source_only": 50, "dann": 75}
  label, lines = shown(pair("auroc", dann=0.75))
  assert label == "target test accuracy (%), as no curve of AUROC is recorded"
  assert lines["dann"] != 75
  assert shown(pair("accuracy"))[0] == "target test accuracy (%)"


def test_the_page_says_what_its_curves_show():
  for made, title, first in (
    (pair("brier", source_only=0.5, dann=0.75), "target test Brier score", 0.5),
    (pair("brier"), "target test accuracy (%), as no curve of Brier score is recorded", None),
  ):
    suite = json.loads(page_data.text(made, {}))["suites"]["digits"]
    assert suite["curves"] == title
    accuracy = round(100 * made[0]["curves"]["target_accuracy"][0][0], 1)
    assert suite["runs"][0]["c"][0][0] == (first or accuracy)


def test_figures_of_a_folder_take_the_measures_of_suites(tmp_path, monkeypatch):
  sample_records.save(tmp_path, sample_records.make())
  seen = []
  monkeypatch.setattr(figures, "_of_task", lambda _, mine, *to: seen.append(mine[0]) or [])
  for measure in ("auroc", ""):
    figures.draw(tmp_path, tmp_path / "figures", measures={"digits": measure})
  assert [curves.over_steps([one])[1].partition(",")[2] for one in seen] == [
    " as no curve of AUROC is recorded",
    "",
  ]
