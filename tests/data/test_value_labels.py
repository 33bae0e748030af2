"""Labels of values: shapes, what is refused, and which files say what of them."""

import numpy as np
import pytest

from adapt import data
from adapt.data import Reading
from adapt.data.domain import output_of
from adapt.data.value_labels import valued

VALUES = Reading(output="values")


def test_numbers_become_columns_of_float32():
  for y, shape in ((np.arange(4), (4, 1)), (np.zeros((4, 2)), (4, 2)), (np.zeros((1, 4)), (4, 1))):
    found = valued("y", y, 4)
    assert found.shape == shape and found.dtype == np.float32


@pytest.mark.parametrize(
  ("y", "said"),
  [
    (np.array(["a", "b"]), "needs numbers"),
    (np.zeros(3), r"shape \(3,\) for 2 examples"),
    (np.array([1, np.inf]), "infinite"),
  ],
)
def test_what_is_no_value_is_refused(y, said):
  with pytest.raises(ValueError, match=said):
    valued("y", y, 2)


def table(tmp_path, labels):
  file = tmp_path / "a.csv"
  file.write_text("a,label\n" + "".join(f"{i}.5,{label}\n" for i, label in enumerate(labels)))
  return str(file)


def test_a_float_label_under_classes_names_the_flag(tmp_path):
  file = table(tmp_path, [0.5, 1.25, 2.0, 3.0])
  with pytest.raises(ValueError, match=r"not integers.*give --output values"):
    data.load(file)
  found = data.load(file, reading=VALUES)
  assert output_of(found) == "values" and found.classes == ()
  every = np.concatenate([found.train.y, found.test.y])
  assert sorted(every.ravel().tolist()) == [0.5, 1.25, 2.0, 3.0]


def test_whole_numbers_that_may_be_amounts_are_told(tmp_path):
  found = data.load(table(tmp_path, [3, 4, 5, 6, 7, 8] * 4))
  assert any("give --output values" in note for note in found.notes)
  found = data.load(table(tmp_path, [0, 7 * 9, *range(0, 120, 2)] * 2))
  assert any("taken for classes, or" in note for note in found.notes)
  assert not any("--output" in n for n in data.load(table(tmp_path, [0, 1] * 9)).notes)


def test_an_empty_label_is_refused_with_its_row(tmp_path):
  with pytest.raises(ValueError, match="row 2 is empty, and 1 are"):
    data.load(table(tmp_path, [1.5, "", 2.5]), reading=VALUES)


def test_arrays_have_values_of_any_width(tmp_path):
  y = np.random.default_rng(0).normal(size=(10, 2))
  np.savez(tmp_path / "a.npz", x=np.zeros((10, 3)), y=y)
  found = data.load(str(tmp_path / "a.npz"), reading=VALUES)
  assert found.train.y.shape == (8, 2) and found.test.y.shape == (2, 2)
  with pytest.raises(
    ValueError, match="--output ranks is unknown: choose from classes, values, pixels"
  ):
    data.load(str(tmp_path / "a.npz"), reading=Reading(output="ranks"))
