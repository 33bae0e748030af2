"""Groups of test examples: which rows have them, and the line that each wrong column gets."""

import numpy as np
import pandas as pd
import pytest

from adapt import data
from adapt.data import checks, label_sets
from adapt.data.group_column import named
from adapt.data.reading import Reading, check

ROWS = [f"{i},{'cat' if i % 2 else 'ant'},{'ab'[i // 10]}" for i in range(20)]


def csv(path, rows=ROWS, header="x,label,ward"):
  path.write_text("\n".join([header, *rows]) + "\n")
  return str(path)


def test_a_table_s_column_of_groups_is_no_feature_and_goes_with_its_rows(tmp_path):
  source, target = csv(tmp_path / "s.csv"), csv(tmp_path / "t.csv")
  _, found = data.load_together([source, target], None, Reading(groups="ward"))
  assert found.features == ("x",) and found.train.x.shape == (16, 1)
  rows = np.rint(data.read(target, None, Reading(groups="ward")).test.x.columns[0].values)
  np.testing.assert_array_equal(found.groups, np.where(rows < 10, "a", "b"))
  assert set(found.groups) == {"a", "b"}
  parts = [f"{row},{'test' if i > 14 else 'train'}" for i, row in enumerate(ROWS)]
  split = csv(tmp_path / "split.csv", parts, "x,label,ward,split")
  assert data.read(split, None, Reading(groups="ward")).groups.tolist() == ["b"] * 5
  assert data.read(target).groups is None


@pytest.mark.parametrize("given", [False, True])
def test_an_array_of_groups_goes_with_its_examples(tmp_path, given):
  x = np.arange(40.0).reshape(20, 2)
  arrays = {"x": x, "y": np.arange(20) % 2, "hand": np.arange(20) // 5}
  more = {"x_test": x[:3], "y_test": [0, 1, 1], "hand_test": [7.0, 8.0, 7.0]} if given else {}
  np.savez(tmp_path / "t.npz", **arrays, **more)
  found = data.read(str(tmp_path / "t.npz"), None, Reading(groups="hand"))
  of = ["7", "8", "7"] if given else (found.test.x[:, 0] / 2 // 5).astype(int).astype(str).tolist()
  assert found.groups.tolist() == of and found.notes == ()
  assert data.read(str(tmp_path / "t.npz")).groups is None


def test_class_sets_leave_groups_with_their_examples():
  y = np.arange(12, dtype=np.int32) % 3
  split = data.Split(y[:, None].astype(np.float32), y)
  domain = data.Domain("d", split, split, ("a", "b", "c"), groups=y.astype(str))
  _, found = label_sets.restricted([domain], domain, label_sets.ClassSets(1, 1, 1))
  np.testing.assert_array_equal(found.groups, found.test.x[:, 0].astype(int).astype(str))
  assert len(found.groups) == 8
  with pytest.raises(ValueError, match="12 examples but 11 groups"):
    checks.check_pair([domain], domain._replace(groups=domain.groups[1:]), 4)


@pytest.mark.parametrize(
  ("values", "message"),
  [
    (["a", "b"], r"shape \[2\] for 3 examples"),
    (["a", None, "b"], "row 2 is empty"),
    ([1.0, 2.0, np.nan], "row 3 is empty"),
    (["a", "b", np.nan], "row 3 is empty"),  # of which NumPy makes the text "nan"
    (pd.array(["a", None, "b"], "string"), "row 2 is empty"),
  ],
)
def test_wrong_groups_get_one_line(values, message):
  with pytest.raises(ValueError, match=message):
    named("t.csv column 'ward'", values, 3)


def test_numbers_that_are_no_whole_ones_stay_apart():
  found = named("ward", np.array([np.inf, 1e300, 1.0]), 3)
  assert found.tolist() == ["inf", "1e+300", "1.0"]
  assert named("ward", np.array([2.0, 1.0, 2.0]), 3).tolist() == ["2", "1", "2"]
  assert named("ward", np.array(["é".encode()] * 2), 2).tolist() == ["é", "é"]


def test_ids_are_no_groups():
  with pytest.raises(ValueError, match="1001 groups"):
    named("ward", np.arange(1001), 1001)


def test_what_cannot_be_measured_is_refused(tmp_path):
  source, target = csv(tmp_path / "s.csv"), csv(tmp_path / "t.csv")
  for reading, message in (
    (Reading(groups="room"), "--groups room: .* has no such column"),
    (Reading(groups="ward", transductive=True), "--transductive makes anew"),
    (Reading(groups="ward", window=2), "--window makes anew"),
  ):
    with pytest.raises(ValueError, match=message):
      data.load_together([source, target], None, reading)
  for rows, message in (
    (["1,ant,"] * 20, "t.csv column 'ward' row .* is empty: give each test example a group"),
    ([f"1,ant,{i}" for i in range(6000)], "1200 groups"),
  ):
    lacking = csv(tmp_path / "t.csv", rows)
    with pytest.raises(ValueError, match=message):
      data.load_together([source, lacking], None, Reading(groups="ward"))
    data.load_together([lacking, source], None, Reading(groups="ward"))  # nobody reads a source's
  rows = [f"{i},ant,{'a' if i != 11 else ''}" for i in range(20)]
  parts = [f"{row},{'test' if i > 9 else 'train'}" for i, row in enumerate(rows)]
  lacking = csv(tmp_path / "t.csv", parts, "x,label,ward,split")
  with pytest.raises(ValueError, match="row 12 is empty"):
    data.load_together([source, lacking], None, Reading(groups="ward"))
  np.savez(tmp_path / "n.npz", x=np.zeros((4, 2)), y=[0, 1, 0, 1])
  with pytest.raises(ValueError, match="--groups y takes the array 'y', which would be the labels"):
    data.read(str(tmp_path / "n.npz"), None, Reading(groups="y"))
  with pytest.raises(
    ValueError, match="--groups label takes the column 'label', which would be the"
  ):
    data.read(source, None, Reading(groups="label"))
  with pytest.raises(ValueError, match="--output is values"):
    check(Reading(groups="ward", output="values"))
