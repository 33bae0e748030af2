"""The same row of a file is read alike, whatever its other rows and the task's other files are."""

import numpy as np
import pytest

from adapt import data
from adapt.data import Reading, encode, preprocessing, unseen
from adapt.data.column_names import names_of


def german(value):
  """A number with points between thousands and a decimal comma where it is not whole."""
  text = f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
  return text.removesuffix(",00")


def write(path, names, *columns, mark=";"):
  rows = [mark.join(map(str, row)) for row in zip(*columns, strict=True)]
  path.write_text("\n".join([mark.join(names), *rows]) + "\n")
  return str(path)


def task(a, b, reading=Reading()):
  found = [data.read(name, None, reading) for name in (a, b)]
  return encode.together(found, reading)


def later(file, made):
  """A file's rows as the model takes them, in their order."""
  kept = preprocessing.Preprocessing(made.reading, made.features, made.steps)
  found = encode.later(data.read(file, None, preprocessing.for_later(kept, {})), kept)
  x = np.concatenate([found.train.x, found.test.x])
  return x[np.argsort(found.places)], found.notes


VALUES = np.random.default_rng(0).integers(500, 9000, 40) + np.where(np.arange(40) % 2, 0.25, 0)
LABELS = ["u", "v"] * 20


def salaries(path, values, more):
  return write(path, ("v", "n", "label"), map(german, values), more, LABELS[: len(values)])


@pytest.mark.parametrize("more", ["0,5", "1"])
def test_later_rows_have_the_decimal_mark_of_training(tmp_path, more):
  files = [salaries(tmp_path / f"{n}.csv", VALUES, ["0,5", "1,5"] * 20) for n in "ab"]
  made = task(*files)[1].preprocessing
  whole = later(files[1], made)[0]
  few = salaries(tmp_path / "few.csv", VALUES[::2], [more] * 20)
  np.testing.assert_array_equal(later(few, made)[0][:, 0], whole[::2, 0])
  english = write(tmp_path / "e.csv", "vn", VALUES, ["0.5"] * 40)
  found, notes = later(english, made)
  np.testing.assert_array_equal(found[:, 0], whole[:, 0])
  assert any("decimal points, and training had commas" in note for note in notes)


def test_a_files_points_are_of_thousands_where_its_other_columns_have_commas(tmp_path):
  file = salaries(tmp_path / "a.csv", VALUES[::2], ["0,5"] * 20)
  found = data.read(file)
  values = np.concatenate([found.train.x.columns[0].values, found.test.x.columns[0].values])
  assert sorted(values) == sorted(VALUES[::2])
  assert f"{file} has decimal commas, so points in v separate thousands" in found.notes


@pytest.mark.parametrize("way", [encode, unseen])
def test_the_files_of_a_task_tell_each_other_their_decimal_mark(tmp_path, way):
  a = salaries(tmp_path / "a.csv", VALUES, ["0,5"] * 40)
  b = salaries(tmp_path / "b.csv", VALUES[::2], [1] * 20)
  source, target = way.together([data.read(a), data.read(b)], Reading())
  scale = source.preprocessing.step("scale")
  read = target.test.x[:, 0] * scale["width"][0] + scale["centre"][0]
  assert read.min() > 400
  if way is encode:
    assert any("column 'v': points separate thousands" in note for note in target.notes)


def test_points_stay_decimal_where_no_file_has_commas(tmp_path):
  file = write(tmp_path / "a.csv", ("v", "n", "label"), ["1.125"] * 40, range(40), LABELS)
  made = task(file, file)[0].preprocessing
  assert made.step("table")["columns"][0] == {"name": "v", "median": 1.125, "missing": False}


@pytest.mark.parametrize("words", [("true", "false", "unsure"), ("01", "02", "x1")])
@pytest.mark.parametrize("rows", [slice(0, 20), slice(0, 23)])
def test_later_rows_of_a_category_are_texts_as_they_stand(tmp_path, words, rows):
  cells = [*words[:2] * 10, *[words[2]] * 25]
  columns = cells, range(45), ["u", "v"] * 22 + ["u"]
  files = [write(tmp_path / f"{n}.csv", ("w", "n", "label"), *columns, mark=",") for n in "ab"]
  made = task(*files)[1].preprocessing
  whole, _ = later(files[1], made)
  few = [list(column)[rows] for column in columns]
  found, notes = later(write(tmp_path / "few.csv", ("w", "n", "label"), *few, mark=","), made)
  np.testing.assert_array_equal(found, whole[rows])
  assert not any("no category" in note for note in notes)


def test_codes_that_were_numbers_are_the_same_beside_texts(tmp_path):
  columns = ["1", "2.0"] * 20, range(40), LABELS
  files = [write(tmp_path / f"{n}.csv", ("w", "n", "label"), *columns, mark=",") for n in "ab"]
  made = task(*files, Reading(categorical=("w",)))[1].preprocessing
  assert made.features[:2] == ("w=1", "w=2")
  mixed = write(tmp_path / "c.csv", "wn", ["2.0", "x", "1"], range(3), mark=",")
  assert later(mixed, made)[0][:, :3].tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


def test_codes_are_texts_in_all_files_where_they_are_in_one(tmp_path):
  a, b = ["01", "02", "x1", "x1"] * 10, ["01", "02"] * 20
  files = [
    write(tmp_path / f"{n}.csv", ("w", "n", "label"), cells, range(40), LABELS, mark=",")
    for n, cells in (("a", a), ("b", b))
  ]
  target = task(*files, Reading(categorical=("w",)))[1]
  assert names_of(target)[:3] == ("w=01", "w=02", "w=x1")
  assert target.train.x[:, :2].sum(1).tolist() == [1] * len(target.train.x)
