"""Tables with missing cells and categories as vectors."""

import numpy as np
import pytest

from adapt.data import Reading, columns
from adapt.data.columns import Part
from adapt.data.raw import Column, Table

NAN = float("nan")


def table(**cells):
  """Numbers where all cells are, else texts with None where missing."""
  made = []
  for name, values in cells.items():
    numeric = all(isinstance(v, int | float) for v in values)
    made.append(Column(name, np.array(values, float if numeric else object)))
  return Table(tuple(made))


def part(name, train, test=None, source=True):
  return Part(name, train, train if test is None else test, source)


def fitted(*parts, **reading):
  return columns.fit(parts, Reading(**reading))


def test_missing_numbers_get_the_source_median_and_a_column_that_says_where():
  source = part("s", table(a=[1, 2, 9, NAN], b=[1, 2, 3, 4], c=[5, 5, 5, 5]))
  target = part("t", table(b=[100, NAN], a=[100, 100], c=[5, 5]), source=False)
  made, notes = fitted(source, target)
  assert columns.names(made) == ("a", "a missing", "b", "b missing", "c")
  assert columns.flags(made) == [False, True, False, True, False]
  x, _ = columns.encode(source.train, made, "s")
  assert x.dtype == np.float32
  assert x[:, :2].tolist() == [[1, 0], [2, 0], [9, 0], [2, 1]]
  y, _ = columns.encode(target.train, made, "t")
  assert y.tolist() == [[100, 0, 100, 0, 5], [100, 0, 2.5, 1, 5]]
  # The same cells lie in both splits here.
  assert notes[0].startswith("s has 2 missing cells in 'a'")
  assert notes[1].startswith("t has 2 missing cells in 'b'")


def test_cells_that_are_missing_in_a_test_split_alone_make_no_column():
  made, notes = fitted(part("s", table(a=[1, 2, 3]), table(a=[NAN])))
  assert columns.names(made) == ("a",)
  assert columns.encode(table(a=[NAN]), made, "s")[0].tolist() == [[2]]
  assert notes == [
    "s has 1 missing cells in 'a': they get the median of the sources' training rows"
  ]


def test_categories_have_a_column_each_and_one_for_what_is_new():
  source = part("s", table(a=["x", "y", None, "x"]))
  made, _ = fitted(source)
  assert columns.names(made) == ("a=x", "a=y", "a missing", "a unseen")
  assert columns.flags(made) == [True] * 4
  x, notes = columns.encode(table(a=["y", "z", None]), made, "later")
  assert x.tolist() == [[0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
  assert notes == ["later column 'a' has 1 values of no category of training"]
  made, _ = fitted(part("s", table(a=["x", "y"])))
  assert columns.encode(table(a=[None]), made, "later")[0].tolist() == [[0, 0, 1]]


def test_codes_are_categories_where_said_and_match_texts():
  made, _ = fitted(part("s", table(a=[1, 2, 1, 2])), categorical=("a",))
  assert columns.names(made) == ("a=1", "a=2", "a unseen")
  assert columns.encode(table(a=["2"]), made, "t")[0].tolist() == [[0, 1, 0]]
  with pytest.raises(ValueError, match=r"--categorical b is no column: there are 'a'"):
    fitted(part("s", table(a=[1, 2])), categorical=("b",))


def test_rare_categories_are_taken_for_unseen():
  values = [f"c{i}" for i in range(150)] + [f"c{i}" for i in range(100)]
  made, notes = fitted(part("s", table(a=values)))
  assert set(made[0]["categories"]) == {f"c{i}" for i in range(100)}
  assert "150 categories: the 100 most frequent" in notes[0]


def test_ids_are_left_out_and_told():
  rows = 12
  cells = {"name": [f"p{i}" for i in range(rows)], "patient_id": list(range(5, 5 + rows))}
  cells |= {"x": list(range(rows)), "no": [2 * i for i in range(rows)]}
  split = part("s", table(**cells), table(**{n: v[:0] for n, v in cells.items()}))
  made, notes = fitted(split)
  assert [c["name"] for c in made] == ["x", "no"]
  assert "column 'name' is left out as an id (all texts differ)" in notes[0]
  assert "column 'patient_id' is left out as an id (consecutive numbers)" in notes[1]
  made, notes = fitted(split, columns=("name", "patient_id", "x", "no"))
  assert [c["name"] for c in made] == ["name", "patient_id", "x", "no"] and not notes


def test_what_cannot_be_learnt_from_is_refused():
  with pytest.raises(
    ValueError,
    match=r"'a' has texts in t \('n/a'\) and numbers in s: .*--missing .*--label-column a",
  ):
    fitted(part("s", table(a=[1, 2])), part("t", table(a=["1", "n/a"]), source=False))
  with pytest.raises(ValueError, match=r"s column 'a' has infinite values"):
    fitted(part("s", table(a=[1, float("inf")])))
  with pytest.raises(
    ValueError, match=r"s has no feature column to learn from \(column 'a' has no"
  ):
    fitted(part("s", table(a=[NAN, NAN])))
  made, _ = fitted(part("s", table(a=[1, 2])))
  with pytest.raises(ValueError, match=r"t column 'a' has the text 'x', and training had numbers"):
    columns.encode(table(a=["x"]), made, "t")


def test_a_column_without_values_may_be_of_any_kind():
  made, _ = fitted(part("s", table(a=[1, 2])), part("t", table(a=[None, None]), source=False))
  x, _ = columns.encode(table(a=[None]), made, "t")
  assert columns.names(made) == ("a", "a missing") and x.tolist() == [[1.5, 1]]


def test_names_are_sorted_with_numbers_by_value():
  assert columns.sorted_names(["f10", "f2", "age"]) == ["age", "f2", "f10"]
