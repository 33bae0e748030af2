"""Labels of 0 and 1 from arrays and tables, and what is refused."""

import numpy as np
import pytest

from adapt import data
from adapt.data import Reading, multi_labels
from adapt.data.class_labels import Labels, numbered

LABELS = Reading(output="labels", label="wet,cold")


def _table(folder, name="a.csv", cells=("1,0", "0,1", "1,", "0,0", "-1,1")):
  path = folder / name
  rows = [f"{i}.5,{cell}" for i, cell in enumerate(cells)]
  path.write_text("\n".join(["x,wet,cold", *rows]) + "\n")
  return str(path)


def test_known_and_unknown_labels():
  found = multi_labels.marked("y", np.array([[1, np.nan], [0, -1]]), 2)
  assert found.dtype == np.int32 and found.tolist() == [[1, -1], [0, -1]]
  assert multi_labels.marked("y", np.array([[True, False]]), 1).tolist() == [[1, 0]]
  assert multi_labels.marked("y", np.array([[1, None]], object), 1).tolist() == [[1, -1]]


@pytest.mark.parametrize(
  ("y", "said"),
  [
    ([[0.5, 1], [0, 1]], "y row 1 has the value 0.5: give labels of 0 and 1"),
    ([[1, 1], [0, 2]], "y row 2 has the value 2"),
    ([0, 1], r"y has shape \[2\] for 2 examples.*one label alone is --output classes"),
    ([[0], [1]], r"y has shape \[2, 1\]"),
    ([[0, 1]] * 3, r"y has shape \[3, 2\] for 2 examples"),
    ([["a", "b"]] * 2, "y has dtype"),
  ],
)
def test_what_is_no_such_label_is_refused(y, said):
  with pytest.raises(ValueError, match=said):
    multi_labels.marked("y", np.array(y), 2)


def test_several_columns_of_a_table(tmp_path):
  domain = data.read(_table(tmp_path), None, LABELS)
  assert domain.classes == ("wet", "cold") and domain.train.x.columns[0].name == "x"
  every = np.concatenate([domain.train.y, domain.test.y])[np.argsort(domain.places)]
  assert every.tolist() == [[1, 0], [0, 1], [1, -1], [0, 0], [-1, 1]]
  both = data.read(_table(tmp_path, cells=("1,2",) * 5), None, LABELS._replace(output="values"))
  assert both.train.y.tolist() == [[1.0, 2.0]] * 4
  parquet = pytest.importorskip("pyarrow.parquet")
  import pyarrow as pa

  columns = {"x": [0.0, 1.0, 2.0], "wet": [True, False, None], "cold": [0, 1, 1]}
  parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
  found = data.read(str(tmp_path / "a.parquet"), None, LABELS)
  every = np.concatenate([found.train.y, found.test.y])[np.argsort(found.places)]
  assert every.tolist() == [[1, 0], [0, 1], [-1, 1]]


def test_a_table_says_what_is_wrong_with_its_columns(tmp_path):
  file = _table(tmp_path)
  for reading, said in (
    (LABELS._replace(label="wet,warm"), "label column 'wet' of wet,warm, and no 'warm'"),
    (LABELS._replace(label="wet,wet"), "one is named twice"),
    (LABELS._replace(output="classes"), "give --output labels .of 0 and 1. or values"),
    (LABELS._replace(label="x,wet"), "row 1 has the value 0.5"),
    (LABELS._replace(label_map="a=1"), "--label-map names classes"),
  ):
    with pytest.raises(ValueError, match=said):
      data.read(file, None, reading)
  unknown = data.read(file, None, LABELS._replace(label="a,b"))
  assert unknown.train.y is None and "its labels are unknown" in unknown.notes[0]


def test_an_archive_and_what_is_said_of_labels_with_one_value(tmp_path):
  y = np.array([[1, 0, -1]] * 5)
  y[0, 0] = 0
  np.savez(tmp_path / "a.npz", x=np.zeros((5, 2)), y=y)
  domain = data.read(str(tmp_path / "a.npz"), None, Reading(output="labels"))
  assert domain.classes == ("0", "1", "2") and domain.train.y.shape == (4, 3)
  assert [n.split(": ")[1][:33] for n in domain.notes] == [
    "the label 1 is 0 in every example",
    "the label 2 is unknown in every e",
  ]


def test_classes_say_how_to_read_such_labels():
  y = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]])
  with pytest.raises(ValueError, match="give --output labels"):
    numbered([Labels("y", y, 3)])


def test_domains_are_checked_against_each_other(tmp_path):
  domain = data.read(_table(tmp_path), None, LABELS)
  wider = domain._replace(name="b", train=domain.train._replace(y=np.zeros((4, 3), np.int32)))
  wider = wider._replace(test=domain.test._replace(y=np.zeros((1, 3), np.int32)))
  lost = domain._replace(train=domain.train._replace(y=None))
  void = domain._replace(train=domain.train._replace(y=np.full((4, 2), -1, np.int32)))
  for source, target, said in (
    (domain, wider, "different numbers of labels an example .a 2, b 3."),
    (lost, domain, "the training set of a has no labels"),
    (void, domain, "no label of the source is known"),
  ):
    with pytest.raises(ValueError, match=said):
      multi_labels.check([source], target)
  multi_labels.check([domain], lost)
