"""Tables of a measure that is asked for: values, directions, older records, reasons for gaps."""

import sample_records
from sample_records import make

from adapt import outputs
from adapt.evaluation.class_measures import of_confusion
from adapt.report import measures, remarks, significance, tables, terminal
from adapt.report.summary import headline, judged


def entry(sheet, label):
  return next(line for line in sheet.lines if line.name == label).entries[0]


def test_older_records_get_what_their_confusion_matrix_says():
  record = make()
  assert "worst_recall" not in record["last"]
  shown = judged(record, "worst_recall")
  assert headline([shown]) == "worst_recall"
  expected = [of_confusion(m)["worst_recall"] for m in record["confusion"]]
  assert shown["last"]["worst_recall"] == expected


def test_a_named_measure_takes_the_main_table():
  every = [make(label=label) for label in ("source_only", "dann")]
  for record, value in zip(every, (0.7, 0.8), strict=True):
    record["last"]["auroc"] = [value] * 3
  suite = sample_records.SUITE
  for made in (
    tables.sheets(every, suite, measure="auroc"),
    tables.sheets(every, suite._replace(measure="auroc")),
  ):
    assert made[0].title == "Target AUROC"
    assert entry(made[0], "dann").text == "80.0 ± 0.0"
    assert not any(line.published for line in made[0].lines)  # those are accuracies
  assert tables.sheets(every, suite)[0].title == "Target accuracy"


def test_lower_is_better_where_the_measure_says_so():
  ours, theirs = (judged(make(label=name), "brier") for name in ("dann", "source_only"))
  ours["last"]["brier"], theirs["last"]["brier"] = [0.1] * 3, [0.3] * 3
  found = significance.differences({"t": ours}, {"t": theirs})
  assert found["t"] > 0
  sheet = tables.accuracy([ours, theirs], None)
  assert entry(sheet, "dann").text == "0.100 ± 0.000"
  assert "Lower is better" in sheet.caption


def test_a_measure_that_the_test_set_does_not_define_is_told():
  record = make(classes=("well", "ill"))
  record["confusion"] = [[[0, 0], [3, 7]]] * 3
  record["last"]["auroc"] = [None] * 3
  shown = judged(record, "auroc")
  [told] = [line for line in remarks.remarks([shown]) if "AUROC" in line]
  assert "has examples of ill alone" in told
  assert entry(tables.accuracy([shown], None), "dann").text == "–"
  assert list(measures.missing([record], headline([record]))) == []


def test_the_terminal_shows_it_first():
  record = make()
  record["last"]["auroc"] = [0.5] * 3
  columns = [c.header for c in terminal.table([judged(record, "auroc")]).columns]
  assert columns[1:4] == ["AUROC", "accuracy", "precision"]


def test_every_measure_that_tables_name_is_known():
  for main in ("accuracy", "h_score", "auroc"):
    assert {"os", "os_star", "unknown"} | set(outputs.MEASURES) >= set(measures.beside(main))


def test_masks_have_their_own_measures_and_the_iou_of_each_class():
  record = judged(make(classes=("sky", "road", "car")), "miou")
  last = {"miou": [0.2] * 3, "dice": [0.3] * 3, "pixel_accuracy": [0.4] * 3}
  record["last"] = {**last, "class_iou": [[0.1, None, 0.0], [0.3, None, 0.0], [0.2, None, 0.0]]}
  sheet = measures.sheet([record], None)
  assert sheet.header[1:-1] == ("Dice", "pixel accuracy")
  assert [e.text for e in sheet.lines[0].entries[:-1]] == ["30.0 ± 0.0", "40.0 ± 0.0"]
  by_class = measures.class_iou([record], None)
  assert by_class.header[1:] == ("sky", "road", "car")
  assert [e.text for e in by_class.lines[0].entries] == ["20.0 ± 10.0", "–", "0.0 ± 0.0"]
  assert by_class in tables.sheets([record], None)
  # Of two classes Dice says it; of records of other classes there is no such table.
  assert measures.class_iou([{**record, "classes": ("no", "yes")}], None) is None
  assert measures.class_iou([make()], None) is None
