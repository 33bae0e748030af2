"""Tables: columns, labels by number and by name, splits, and the line each bad cell gets."""

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from adapt import data
from adapt.data import tabular

ROWS = [f"{i},{i / 2},{'cat' if i % 2 else 'ant'}" for i in range(10)]


def csv(path, header, rows):
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text("\n".join([header, *rows]) + "\n")
  return path


def vectors(split):
  """A split of number columns alone as an array."""
  return np.stack([column.values for column in split.x.columns], axis=1)


def refuses(path, message):
  with pytest.raises(ValueError, match=message) as caught:
    tabular.read_table(path)
  assert "\n" not in str(caught.value)


def test_features_and_named_labels(tmp_path):
  path = csv(tmp_path / "mine.csv", "a,b,label", ROWS)
  domain = data.read(str(path))
  assert (domain.name, domain.classes) == ("mine", ("ant", "cat"))
  assert domain.train.x.names == ("a", "b")
  assert (domain.train.x.shape, domain.test.x.shape) == ((8, 2), (2, 2))
  assert (domain.train.y.dtype, domain.notes) == (np.int32, ())
  for split in (domain.train, domain.test):
    x = vectors(split)
    np.testing.assert_array_equal(split.y, x[:, 0] % 2)
    np.testing.assert_array_equal(x[:, 1], x[:, 0] / 2)
  assert np.bincount(domain.test.y).tolist() == [1, 1]


def test_numbered_labels_keep_their_numbers(tmp_path):
  rows = [f"{i},{2 * (i % 2)}" for i in range(10)]
  domain = tabular.read_table(csv(tmp_path / "a.csv", "x,label", rows))
  assert domain.classes == ("0", "1", "2")
  assert set(domain.train.y.tolist()) == {0, 2}
  rows = [f"{i},{'true' if i % 2 else 'false'}" for i in range(10)]
  assert tabular.read_table(csv(tmp_path / "b.csv", "x,label", rows)).classes == ("False", "True")


def test_unlabelled_and_given_split(tmp_path):
  domain = tabular.read_table(csv(tmp_path / "a.csv", "x", map(str, range(10))))
  assert (domain.train.y, domain.classes, len(domain.test.x)) == (None, (), 2)
  rows = [f"{i},{i % 2},{'test' if i < 3 else 'train'}" for i in range(10)]
  domain = tabular.read_table(csv(tmp_path / "b.csv", "x,label,split", rows))
  assert vectors(domain.test)[:, 0].tolist() == [0, 1, 2]
  assert domain.test.y.tolist() == [0, 1, 0]


def test_parquet(tmp_path):
  columns = {
    "a": pa.array(range(10)),
    "b": pa.array([i % 3 == 0 for i in range(10)]),
    "c": pa.array([str(i) for i in range(10)]),
    "label": pa.array(["x", "y"] * 5).dictionary_encode(),
  }
  folder = tmp_path / "split=train"  # no column, whatever the folder is called
  folder.mkdir()
  parquet.write_table(pa.table(columns), folder / "t.parquet")
  domain = data.load(str(folder / "t.parquet"))
  assert domain.train.x.shape == (8, 3)
  np.testing.assert_array_equal(domain.train.x[:, 0], domain.train.x[:, 2])
  assert domain.classes == ("x", "y")


def test_paths_of_images(tmp_path):
  for i in range(6):
    (tmp_path / "pictures").mkdir(exist_ok=True)
    Image.new("RGB", (4, 4), (40 * i, 0, 0)).save(tmp_path / f"pictures/{i}.png")
  rows = [f"pictures/{i}.png,{'ab'[i % 2]}" for i in range(6)]
  domain = tabular.read_table(csv(tmp_path / "t.csv", "path,label", rows), side=4)
  assert (domain.train.x.shape, len(domain.test.x), domain.classes) == ((5, 4, 4, 3), 1, ("a", "b"))
  for split in (domain.train, domain.test):
    for i, label in enumerate(split.y):
      assert split.x[i][0, 0, 0] // 40 % 2 == label
  rows = [f"{row},{'test' if i in (0, 4) else 'train'}" for i, row in enumerate(rows)]
  domain = tabular.read_table(csv(tmp_path / "t.csv", "path,label,split", rows), side=4)
  assert [domain.test.x[i][0, 0, 0] for i in range(2)] == [0, 160]
  assert domain.train.y.tolist() == [1, 0, 1, 1]
  unlabelled = tabular.read_table(csv(tmp_path / "u.csv", "path", [r.split(",")[0] for r in rows]))
  assert unlabelled.train.y is None


@pytest.mark.parametrize(
  ("header", "rows", "message"),
  [
    ("a,b,label", [*ROWS[:3], "3,x,ant"], r"t.csv column 'b' row 4 is 'x', not a number: mend"),
    ("a,b,label", [*ROWS[:3], "3,inf,ant"], r"t.csv column 'b' row 4 is 'inf', not a finite"),
    ("a,b,label", [*ROWS[:3], "3,1e300,ant"], r"t.csv column 'b' row 4 is '1e\+300', not a finite"),
    ("a,b,label", [*ROWS[:3], "3,1,"], r"t.csv column 'label' row 4 is empty: label every row"),
    ("a,b,label", [*ROWS[:3], "3,1"], r"t.csv cannot be read \(CSV parse error: .*\): write"),
    ("a,label", ["1,0", "2,0.5"], r"t.csv column 'label' has labels that are not integers"),
    (
      "a,label",
      [f"{i},{i * i + 1}" for i in range(60)],
      r"has 60 different labels for 60 examples",
    ),
    ("a,label", ["1,0", "2,-1"], r"t.csv column 'label' has negative labels \(-1\) beside 0"),
    ("a,split", ["1,train", "2,dev"], r"column 'split' row 2 is 'dev': write train, val or test"),
    ("a,split", ["1,train", "2,train"], r"column 'split' has no row 'test': add some, or drop"),
    ("a,a", ["1,2", "2,3"], r"t.csv has several columns named 'a': rename them"),
    ("label", ["1", "0"], r"t.csv has no feature column and no path column: add one"),
    ("a", [], r"t.csv has no row of data: give at least 2"),
    (
      "path",
      ["a.png", "b.png"],
      r"t.csv column 'path' row 1: no file '.*a.png', paths are relative",
    ),
    ("path", ["t.csv", "b.png"], r"t.csv column 'path' row 1 is 't.csv': give an image \(.jpg"),
    ("path", ["1", "2"], r"t.csv column 'path' row 1 is '1': give an image"),
    (
      "path,lable",
      ["a.png,1", "b.png,1"],
      r"has the columns lable beside path: give image paths or",
    ),
  ],
)
def test_refuses(tmp_path, header, rows, message):
  refuses(csv(tmp_path / "t.csv", header, rows), message)


def test_unreadable_files(tmp_path):
  refuses(tmp_path / "absent.csv", r"no file '.*absent.csv': check the path")
  (tmp_path / "empty.csv").write_text("")
  refuses(tmp_path / "empty.csv", r"empty.csv cannot be read \(.*\): write the file again")
  (tmp_path / "t.csv").write_bytes(b"\xff\xfea,b\n1,2\n")
  refuses(tmp_path / "t.csv", r"t.csv ")
  for content in (b"no parquet", b"PAR1 cut short"):
    (tmp_path / "t.parquet").write_bytes(content)
    refuses(tmp_path / "t.parquet", r"t.parquet cannot be read \(.*\): write the file again")
  parquet.write_table(pa.table({"v": [[1.0], [2.0]]}), tmp_path / "t.parquet")
  refuses(tmp_path / "t.parquet", r"column 'v' row 1 is '\[1.0\]', not a number")


def test_pyarrow_is_named_where_it_is_missing(tmp_path, monkeypatch):
  path = csv(tmp_path / "t.csv", "a", ["1", "2"])
  monkeypatch.setitem(sys.modules, "pyarrow", None)
  refuses(path, r"t.csv needs pyarrow: pip install .*\[tables")


def test_pyarrow_is_not_imported_before_it_is_needed():
  code = "import sys, adapt.data; sys.exit('pyarrow' in sys.modules)"
  subprocess.run([sys.executable, "-c", code], check=True)


def test_features_are_in_the_order_of_the_file(tmp_path):
  rows = [f"{10 * i},{2 * i},{i}" for i in range(10)]
  a = csv(tmp_path / "a.csv", "f10,f2,age", rows)
  domain = tabular.read_table(a)
  assert domain.train.x.names == ("f10", "f2", "age")
  x = vectors(domain.train)
  np.testing.assert_array_equal(x[:, :2], x[:, 2:] * [10, 2])
  parquet.write_table(pa.table({"z": [1, 2], "label": [0, 1], "b": [3, 4]}), tmp_path / "c.parquet")
  assert tabular.read_table(tmp_path / "c.parquet").train.x.names == ("z", "b")


@pytest.mark.parametrize("name", ["Label", "LABEL", " Label ", "Path", "Split"])
def test_a_nearly_special_name_is_no_feature(tmp_path, name):
  meant = name.strip().lower()
  message = rf"t.csv has a column '{name.strip()}': write '{meant}', or rename it if a feature"
  refuses(csv(tmp_path / "t.csv", f"a,{name}", ["1,0", "2,1"]), message)


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "__index_level_0__"])
def test_row_numbers_are_no_feature(tmp_path, name):
  for table in (
    csv(tmp_path / "t.csv", f"{name},a", ["0,5", "1,6"]),
    parquet_of(tmp_path, {"a": [5, 6], name: [0, 1]}),
  ):
    domain = tabular.read_table(table)
    assert domain.train.x.names == ("a",)
    assert f"column '{name.strip()}' has row numbers or nothing: left out" in domain.notes[-1]
  message = rf"has a column '{name.strip()}', which looks like row numbers: drop it \(pandas: index"
  refuses(csv(tmp_path / "t.csv", f"{name},a", ["3,5", "1,6"]), message)
  refuses(parquet_of(tmp_path, {"a": [5, 6], name: [3, 1]}), message)


def parquet_of(folder, columns):
  parquet.write_table(pa.table(columns), folder / "t.parquet")
  return folder / "t.parquet"


@pytest.mark.parametrize(
  ("name", "ends"), [("a.tsv", "\t"), ("a.csv", ","), ("a.csv", ";")], ids=["tabs", ",", ";"]
)
@pytest.mark.parametrize("at", [(3, 9), (3,)], ids=["pair", "lone"])
def test_quotes_that_nothing_closes_swallow_no_rows(tmp_path, name, ends, at):
  lines = [f"{chr(34) * (i in at)}text {i}{ends}{'ab'[i % 2]}" for i in range(20)]
  (tmp_path / name).write_text("\n".join([f"text{ends}label", *lines]) + "\n")
  found = tabular.read_table(tmp_path / name)
  assert len(found.train.x) + len(found.test.x) == 20
  assert any("quotes that nothing closes" in note for note in found.notes)


def test_quoted_texts_of_several_lines_stay_one_field(tmp_path):
  lines = [f'"text {i},\nwith a line ""more"", or two",{"ab"[i % 2]}' for i in range(20)]
  (tmp_path / "a.csv").write_text("\n".join(["text,label", *lines]) + "\n")
  found = tabular.read_table(tmp_path / "a.csv")
  assert len(found.train.x) + len(found.test.x) == 20
  assert not any("quotes" in note for note in found.notes)
