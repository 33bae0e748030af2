"""Sixty files as people have them: what is odd about each, and what becomes of it.

`python tests/data/odd_files.py` prints the table.
"""

import gzip
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from odd_outcomes import Odd, outcome, write

from adapt.data import Reading

ROWS = [(k, k / 2, "ab"[k % 2]) for k in range(10)]
COMMAS = "a,b,label\n" + "".join(f"{a},{b},{c}\n" for a, b, c in ROWS)
AB = {"names": ("a", "b"), "first": [0, 0.0], "last": [9, 4.5], "classes": ("a", "b")}


def table(separator: str = ",", label: str = "label", end: str = "\n", comma: str = ".") -> str:
  """The usual table with something else about it."""
  lines = [("a", "b", label), *ROWS]
  return end.join(separator.join(str(v).replace(".", comma) for v in line) for line in lines) + end


def labels(values: list[Any]) -> str:
  """A table with these labels."""
  return "a,label\n" + "".join(f"{k},{values[k % len(values)]}\n" for k in range(12))


def column(values: list[Any], name: str = "v") -> str:
  """A table with a column of these values."""
  return f"a,{name},label\n" + "".join(
    f"{k},{values[k % len(values)]},{'ab'[k % 2]}\n" for k in range(12)
  )


def savez(**arrays: Any) -> Callable[[Path], None]:
  """Writes an .npz file."""
  return lambda path: np.savez(path, **arrays)


def parquet(**columns: Any) -> Callable[[Path], None]:
  """Writes a Parquet file."""

  def write(path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet as of

    of.write_table(pa.table(columns), path)

  return write


def feather(**columns: Any) -> Callable[[Path], None]:
  """Writes a Feather file."""

  def write(path: Path) -> None:
    import pyarrow as pa
    from pyarrow import feather as of

    of.write_feather(pa.table(columns), path)

  return write


def mat(**arrays: Any) -> Callable[[Path], None]:
  """Writes a MATLAB 5 file."""

  def write(path: Path) -> None:
    from scipy.io import savemat

    savemat(path, arrays)

  return write


def sparse(path: Path) -> None:
  """Writes a matrix of scipy.sparse, with labels beside it."""
  from scipy import sparse as of

  of.save_npz(path, of.csr_matrix(X))
  np.save(path.with_name(f"{path.stem}_labels.npy"), Y)


def huge(path: Path) -> None:
  """Writes a sparse matrix that no memory holds when dense."""
  from scipy import sparse as of

  of.save_npz(path, of.csr_matrix((10**6, 10**9)))


def zst(path: Path) -> None:
  """Writes a table packed by Zstandard."""
  import pyarrow as pa

  with pa.CompressedOutputStream(str(path), "zstd") as stream:
    stream.write(COMMAS.encode())


X = np.arange(40.0).reshape(10, 4)
Y = np.arange(10) % 2
XY = {"shape": (10, 4), "classes": ("0", "1"), "first": [0.0, 1, 2, 3], "last": [36.0, 37, 38, 39]}
SVM = "".join(f"{'+1' if k % 2 else '-1'} 1:{k} 4:{k + 0.5}\n" for k in range(10))
E1, E2 = "caf\u00e9", "cafe\u0301"

FILES = [
  Odd("plain.csv", "nothing", COMMAS, AB),
  Odd("a.tsv", "tabs", table("\t"), AB),
  Odd("semicolons.csv", "; between", table(";"), {**AB, "note": "separated by ';'"}),
  Odd("pipes.txt", "| between", table("|"), {**AB, "note": "separated by '|'"}),
  Odd("blanks.data", "blanks between", table("  "), {**AB, "note": "separated by blanks"}),
  Odd("german.csv", "; and decimal commas", table(";", comma=","), AB),
  Odd("excel.csv", "sep= line", "sep=;\n" + table(";"), AB),
  Odd(
    "thousands.csv", "1.234,5", "a;v;label\n1;1.234,5;x\n2;0,5;y\n3;12,5;x\n", {"last": [3, 12.5]}
  ),
  Odd("windows.csv", "lines end in CR LF", table(end="\r\n"), AB),
  Odd("bom.csv", "byte order mark", b"\xef\xbb\xbf" + COMMAS.encode(), AB),
  Odd("utf16.csv", "UTF-16", COMMAS.encode("utf-16"), {**AB, "note": "UTF-16"}),
  Odd("utf16le.csv", "UTF-16 without a mark", COMMAS.encode("utf-16-le"), {**AB, "note": "UTF-16"}),
  Odd(
    "latin.csv",
    "Latin-1",
    labels(["été", "mer"]).encode("latin-1"),
    {"classes": ("mer", "été"), "note": "Latin-1"},
  ),
  Odd("packed.csv.gz", "gzip", gzip.compress(COMMAS.encode()), AB),
  Odd("packed.csv.zst", "Zstandard", zst, AB),
  Odd(
    "cut.csv.gz", "gzip cut short", gzip.compress(COMMAS.encode())[:30], "cut.csv.gz cannot be read"
  ),
  Odd(
    "quoted.csv",
    "quotes, commas and lines within",
    'a,"v, w",label\n1,"x, y",p\n2,"x\ny",q\n3,"x, y",p\n',
    {"names": ("a", "v, w"), "first": [1.0, "x, y"]},
  ),
  Odd(
    "headerless.data",
    "no names, numbers alone",
    "1,2,0\n2,?,1\n3,4,0\n",
    {"names": ("c1", "c2", "c3"), "note": "no line of names"},
  ),
  Odd("iris.data", "no names, and text", "5.1,3,setosa\n4,2,other\n", "say --header none"),
  Odd(
    "iris2.data",
    "--header none --label-column c3",
    "5.1,3,setosa\n4,2,other\n5,2,other\n",
    {"classes": ("other", "setosa"), "first": [5.1, 3]},
    Reading(header="none", label="c3"),
  ),
  Odd(
    "target.csv", "labels called target", table(label="target"), {**AB, "note": "column 'target'"}
  ),
  Odd("named.csv", "--label-column ill", table(label="ill"), AB, Reading(label="ill")),
  Odd("Label.csv", "labels called Label", table(label="Label"), "write 'label'"),
  Odd(
    "gaps.csv",
    "?, NA and empty cells",
    column([1, "?", "NA", "", "nan", 2]),
    {"column": [1, None, None, None, None, 2], "note": "missing cells: v 8"},
  ),
  Odd(
    "codes.csv",
    "--missing -9",
    column([1, -9, "-9.0", 2]),
    {"column": [1, None, None, 2]},
    Reading(missing=("-9",)),
  ),
  Odd("words.csv", "a word among numbers", column([1, 2, "x", 3]), "row 3 is 'x', not a number"),
  Odd(
    "categories.csv",
    "a column of words",
    column(["red", "blue", ""]),
    {"column": ["red", "blue", None], "note": "columns of texts: v"},
  ),
  Odd("python.csv", "1_000 is no number", column(["1_000", "x"]), {"column": ["1_000", "x"]}),
  Odd("arabic.csv", "٣ is no number here", column(["٣", "٤"]), {"column": ["٣", "٤"]}),
  Odd("truth.csv", "true and false", column(["true", "False"]), {"column": [1, 0]}),
  Odd("infinite.csv", "inf", column([1, "inf"]), "row 2 is 'inf', not a finite number"),
  Odd("beyond.csv", "1e300", column([1, "1e300"]), "row 2 is '1e+300', not a finite number"),
  Odd(
    "index.csv", "pandas' row numbers", column([5, 6]).replace("a,", ",", 1), {"note": "left out"}
  ),
  Odd("nameless.csv", "a column without a name", ",label\n5,a\n3,b\n", "looks like row numbers"),
  Odd("twice.csv", "one name twice", "a,a\n1,2\n3,4\n", "several columns named 'a'"),
  Odd(
    "blank.csv",
    "blanks around names",
    " a , b,label \n1,2,x \n3,4,y\n4,5,x\n",
    {"classes": ("x", "y")},
  ),
  Odd(
    "forms.csv", "é in two forms", labels([E1, E2, "thé"]), {"classes": (E1, "thé"), "note": "form"}
  ),
  Odd("forms2.csv", "columns of é in two forms", f"{E1},{E2}\n1,2\n3,4\n", "several columns named"),
  Odd("ragged.csv", "a row too short", COMMAS + "3,1\n", "ragged.csv cannot be read"),
  Odd("empty.csv", "nothing in it", "", "empty.csv cannot be read"),
  Odd("names.csv", "names alone", "a,b,label\n", "has no row of data"),
  Odd("binary.csv", "no text", bytes(range(256)) * 4, "binary.csv "),
  Odd("unlabelled.csv", "an empty label", COMMAS + "3,1,\n", "row 11 is empty: label every row"),
  Odd(
    "val.csv", "split has val", "a,split\n1,train\n2,val\n3,train\n", {"note": "val are the test"}
  ),
  Odd(
    "signs.csv",
    "labels -1 and 1",
    labels([-1, 1]),
    {"classes": ("-1", "1"), "note": "labels -1, 1"},
  ),
  Odd("ones.csv", "labels from 1 on", labels([1, 2, 3]), {"classes": ("1", "2", "3")}),
  Odd("minus.csv", "-1 beside 0 and 1", labels([-1, 0, 1]), "negative labels (-1) beside 0"),
  Odd(
    "bool.csv", "labels true and false", labels(["true", "false"]), {"classes": ("False", "True")}
  ),
  Odd("floats.csv", "labels 1.0 and 2.0", labels(["1.0", "2.0"]), {"classes": ("1", "2")}),
  Odd("measured.csv", "labels 0.5", labels([0.5, 1.5]), "labels that are not integers"),
  Odd("sheet.xlsx", "a spreadsheet", b"PK", "is a spreadsheet: save it as CSV"),
  Odd(
    "t.parquet",
    "Parquet with gaps",
    parquet(a=[1, None, 3], v=["x", "y", None], label=["p", "q", "p"]),
    {"names": ("a", "v"), "last": [3.0, None]},
  ),
  Odd(
    "t.feather",
    "Feather",
    feather(a=[1, 2, 3], label=[True, False, True]),
    {"classes": ("False", "True")},
  ),
  Odd(
    "lists.parquet", "lists in cells", parquet(v=[[1.0], [2.0]]), "row 1 is '[1.0]', not a number"
  ),
  Odd("sparse.npz", "of scipy.sparse", sparse, XY),
  Odd("huge.npz", "sparse, and no memory holds it", huge, "GiB of memory"),
  Odd("usual.npz", "fts and labels", savez(fts=X, labels=Y), XY),
  Odd("onehot.npz", "one-hot labels", savez(x=X, y=np.eye(2)[Y]), {**XY, "note": "one-hot"}),
  Odd(
    "names.npz", "labels are names", savez(x=X, y=np.array(["a", "b"])[Y]), {"classes": ("a", "b")}
  ),
  Odd("wide.npz", "uint64 labels", savez(x=X, y=(Y + 2**40).astype(np.uint64)), {"shape": (10, 4)}),
  Odd("objects.npz", "pickled", savez(x=X.astype(object)), "holds Python objects"),
  Odd(
    "signs.svmlight",
    "svmlight, -1 and +1",
    SVM,
    {"classes": ("-1", "1"), "last": [0, 9, 0, 0, 9.5]},
  ),
  Odd("damaged.svm", "svmlight, no number", "1 1:x\n", "is not a readable svmlight file"),
  Odd(
    "office.mat",
    "fts and labels from 1",
    mat(fts=X, labels=Y[:, None] + 1),
    {"classes": ("1", "2")},
  ),
  Odd("turned.mat", "examples in columns", mat(X=X.T, gnd=Y), {**XY, "note": "in columns: turned"}),
  Odd("strange.mat", "other names", mat(p=X, q=Y), "has the arrays p, q: name the inputs x"),
  Odd("damaged.mat", "not MATLAB", b"no such thing" * 20, "is not a readable MATLAB file"),
  Odd("damaged.h5", "not HDF5", b"no such thing", "damaged.h5 "),
]


def main() -> int:
  """Prints the table; returns how many files are not right."""
  bad = 0
  with tempfile.TemporaryDirectory() as folder:
    for odd in FILES:
      shown, wrong = outcome(odd, write(odd, Path(folder)))
      bad += bool(wrong)
      print(f"{'WRONG ' if wrong else ''}{odd.name} | {odd.odd} | {shown} {wrong}"[:300])
  print(f"{len(FILES)} files, {bad} not right")
  return bad


if __name__ == "__main__":
  sys.exit(main())
