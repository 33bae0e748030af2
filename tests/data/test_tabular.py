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


def refuses(path, message):
  with pytest.raises(ValueError, match=message) as caught:
    tabular.read_table(path)
  assert "\n" not in str(caught.value)


def test_features_and_named_labels(tmp_path):
  path = csv(tmp_path / "mine.csv", "a,b,label", ROWS)
  domain = data.read(str(path))
  assert (domain.name, domain.classes) == ("mine", ("ant", "cat"))
  assert domain.features == ("a", "b")
  assert (domain.train.x.shape, domain.test.x.shape) == ((8, 2), (2, 2))
  assert (domain.train.x.dtype, domain.train.y.dtype) == (np.float32, np.int32)
  for split in (domain.train, domain.test):
    np.testing.assert_array_equal(split.y, split.x[:, 0] % 2)
    np.testing.assert_array_equal(split.x[:, 1], split.x[:, 0] / 2)
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
  assert domain.test.x[:, 0].tolist() == [0, 1, 2]
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
    ("a,b,label", [*ROWS[:3], "3,,ant"], r"t.csv column 'b' row 4 is empty, not a finite number"),
    ("a,b,label", [*ROWS[:3], "3,nan,ant"], r"t.csv column 'b' row 4 is empty, not a finite"),
    ("a,b,label", [*ROWS[:3], "3,inf,ant"], r"t.csv column 'b' row 4 is 'inf', not a finite"),
    ("a,b,label", [*ROWS[:3], "3,1e300,ant"], r"t.csv column 'b' row 4 is '1e\+300', not a finite"),
    ("a,b,label", [*ROWS[:3], "3,1,"], r"t.csv column 'label' row 4 is empty: label every row"),
    ("a,b,label", [*ROWS[:3], "3,1"], r"t.csv cannot be read \(CSV parse error: .*\): write"),
    ("a,label", ["1,0", "2,0.5"], r"t.csv column 'label' has labels that are not integers"),
    ("a,label", ["1,0", "2,-1"], r"t.csv column 'label' has negative labels \(-1\)"),
    ("a,label", ["1,2020-01-01", "2,2020-01-02"], r"column 'label' has type date32.*: give whole"),
    ("a,split", ["1,train", "2,dev"], r"t.csv column 'split' row 2 is 'dev': write train or test"),
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
    ("path", ["1", "2"], r"t.csv column 'path' row 1 is '1': give the path of an image"),
    (
      "path,lable",
      ["a.png,1", "b.png,1"],
      r"has the columns lable beside path: give image paths or",
    ),
    ("a,when", ["1,2020-01-01", "2,2020-01-02"], r"column 'when' row 1 is '2020-01-01', not a num"),
  ],
)
def test_refuses(tmp_path, header, rows, message):
  refuses(csv(tmp_path / "t.csv", header, rows), message)


def test_unreadable_files(tmp_path):
  refuses(tmp_path / "absent.csv", r"no file '.*absent.csv': check the path")
  (tmp_path / "empty.csv").write_text("")
  refuses(tmp_path / "empty.csv", r"empty.csv cannot be read \(.*\): write the file again")
  (tmp_path / "t.csv").write_bytes(b"a,b\n\xff\xfe,1\n\xff,2\n")
  refuses(tmp_path / "t.csv", r"t.csv ")
  for content in (b"no parquet", b"PAR1 cut short"):
    (tmp_path / "t.parquet").write_bytes(content)
    refuses(tmp_path / "t.parquet", r"t.parquet cannot be read \(.*\): write the file again")
  parquet.write_table(pa.table({"v": [[1.0], [2.0]]}), tmp_path / "t.parquet")
  refuses(tmp_path / "t.parquet", r"column 'v' row 1 is '\[1.0\]', not a number")


def test_pyarrow_is_named_where_it_is_missing(tmp_path, monkeypatch):
  path = csv(tmp_path / "t.csv", "a", ["1", "2"])
  monkeypatch.setitem(sys.modules, "pyarrow", None)
  refuses(path, r"t.csv needs pyarrow: pip install 'adapt-jax\[tables\]'")


def test_pyarrow_is_not_imported_before_it_is_needed():
  code = "import sys, adapt.data; sys.exit('pyarrow' in sys.modules)"
  subprocess.run([sys.executable, "-c", code], check=True)


def test_features_are_in_the_order_of_the_file(tmp_path):
  rows = [f"{10 * i},{2 * i},{i}" for i in range(10)]
  a = csv(tmp_path / "a.csv", "f10,f2,age", rows)
  domain = tabular.read_table(a)
  assert domain.features == ("f10", "f2", "age")
  np.testing.assert_array_equal(domain.train.x[:, :2], domain.train.x[:, 2:] * [10, 2])
  assert tabular.feature_names(a) == ("f10", "f2", "age")
  parquet.write_table(pa.table({"z": [1, 2], "label": [0, 1], "b": [3, 4]}), tmp_path / "c.parquet")
  assert tabular.feature_names(tmp_path / "c.parquet") == ("z", "b")


@pytest.mark.parametrize("name", ["Label", "LABEL", " label ", "label ", "Path", "Split"])
def test_a_nearly_special_name_is_no_feature(tmp_path, name):
  meant = name.strip().lower()
  message = rf"t.csv has a column '{name}': write '{meant}', or rename it if a feature"
  refuses(csv(tmp_path / "t.csv", f"a,{name}", ["1,0", "2,1"]), message)


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "__index_level_0__"])
def test_row_numbers_are_no_feature(tmp_path, name):
  message = rf"has a column '{name}', which looks like row numbers: drop it \(pandas: index=False"
  refuses(csv(tmp_path / "t.csv", f"{name},a", ["0,5", "1,6"]), message)
  parquet.write_table(pa.table({"a": [5, 6], name: [0, 1]}), tmp_path / "t.parquet")
  refuses(tmp_path / "t.parquet", message)
