"""Read a CSV or Parquet file as a domain.

Its columns have numbers or the paths of images.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import files, folders, npy
from adapt.data.domain import Domain, Split
from adapt.data.splits import stratified

SUFFIXES = (".csv", ".parquet")
_LABEL, _PATH, _SPLIT = "label", "path", "split"
_PARTS = ("train", "test")
# What pandas calls the column of row numbers that it writes unless told not to.
_INDEX = re.compile(r"|__index_level_\d+__|Unnamed: \d+")


def read_table(path: str | os.PathLike, side: int = 224) -> Domain:
  """Read a domain from a table with one example per row.

  Columns:
    path: image files, relative to the table's folder; or, without it, every column but `label` and
      `split` is a feature, a number.
    label: whole numbers 0 … K-1, or names (numbered in sorted order); without it the domain is a
      target whose labels are unknown.
    split: "train" or "test"; without it, a fixed fifth of each class is the test split.

  Args:
    path: a .csv file with a header, or a .parquet file.
    side: height and width to which images are resized, in pixels.

  Raises:
    ValueError: one line that names the file, the column, the row (the first below the header is
      1) and the remedy.
  """
  path = Path(path)
  table = _read(path)
  names = table.column_names
  rows = _rows(path, table)
  y, classes = _labels(path, table)
  features = _features(names)
  if _PATH in names:
    if features:
      raise ValueError(
        f"{path} has the columns {', '.join(features[:5])} beside path: give image paths or "
        "feature columns, not both"
      )
    paths = np.array(_paths(path, table), object)
    parts = [
      (paths[of].tolist(), None if y is None else y[of]) for of in rows or [np.arange(len(table))]
    ]
    return folders.domain(path.stem, parts, classes, str(path), side)
  if not features:
    raise ValueError(f"{path} has no feature column and no path column: add one")
  x = np.stack([_numbers(path, table, name) for name in features], axis=1)
  rows = rows or list(stratified(np.zeros(len(x)) if y is None else y))
  train, test = (Split(x[of], None if y is None else y[of]) for of in rows)
  return Domain(path.stem, train, test, classes, features=tuple(features))


def feature_names(path: str | os.PathLike) -> tuple[str, ...]:
  """Return a table's feature column names in file order.

  Only the head of the file is read.

  Args:
    path: of a table that `read_table` has accepted.
  """
  from pyarrow import csv, parquet

  if Path(path).suffix.lower() == ".csv":
    with csv.open_csv(path) as reader:
      return tuple(_features(reader.schema.names))
  with parquet.ParquetFile(path) as file:
    return tuple(_features(file.schema_arrow.names))


def _features(names: Sequence[str]) -> list[str]:
  return [name for name in names if name not in (_LABEL, _PATH, _SPLIT)]


def _check_header(path: Path, names: Sequence[str]) -> None:
  """Check column names for near-misses, row numbers and duplicates.

  Names that are nearly special are refused, and so are row numbers and one name twice.
  """
  for name in names:
    if _INDEX.fullmatch(name.strip()):
      raise ValueError(
        f"{path} has a column '{name}', which looks like row numbers: drop it (pandas: "
        "index=False), or give it a name"
      )
    meant = name.strip().lower()
    if meant in (_LABEL, _PATH, _SPLIT) and name != meant:
      raise ValueError(f"{path} has a column '{name}': write '{meant}', or rename it if a feature")
  twice = {name for name in names if names.count(name) > 1}
  if twice:
    raise ValueError(f"{path} has several columns named '{sorted(twice)[0]}': rename them")


def _read(path: Path) -> Any:
  """The file as a pyarrow table with at least one row."""
  if not path.is_file():
    raise ValueError(f"no file '{path}': check the path")
  try:
    import pyarrow as pa
    from pyarrow import csv, parquet
  except ImportError as error:
    raise ValueError(f"{path} needs pyarrow: pip install 'adapt-jax[tables]'") from error
  try:
    if path.suffix.lower() == ".csv":
      table = csv.read_csv(path)
    else:
      # ParquetFile, as read_table would take folder names such as "split=train" for columns.
      with parquet.ParquetFile(path) as file:
        _check_size(path, file.metadata)
        table = file.read()
    names = table.column_names  # of a file in UTF-16, no text
  except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
    reason = " ".join(str(error).split())[:100]
    raise ValueError(f"{path} cannot be read ({reason}): write the file again") from error
  _check_header(path, names)
  if not len(table):
    raise ValueError(f"{path} has no row of data: give at least 2, one is held out as test")
  return table


def _check_size(path: Path, metadata: Any) -> None:
  """Reject a table too large for memory.

  A column of one value alone takes no room in a file.
  """
  size = metadata.num_rows * metadata.num_columns * np.dtype(np.float64).itemsize
  if size > (most := npy.memory()):
    raise ValueError(
      f"{path} has {metadata.num_rows} rows of {metadata.num_columns} columns, more than the "
      f"{most / 2**30:.0f} GiB of memory: give a part of them"
    )


def _cells(path: Path, table: Any, name: str) -> list[Any]:
  """Return a column's values, with None for missing ones."""
  try:
    values: list[Any] = table.column(name).to_pylist()
  except Exception as error:  # dates of no calendar, texts of no encoding
    raise ValueError(
      f"{path} column '{name}' has values of {table.column(name).type} that cannot be read: write "
      "numbers or text"
    ) from error
  return [None if value == "" else value for value in values]


def _first(wrong: Iterator[int]) -> int | None:
  """The first of some row numbers, None if there are none."""
  return next(wrong, None)


def _rows(path: Path, table: Any) -> list[np.ndarray] | None:
  """Return the rows of the training and the test split.

  Returns None without a column of that name.
  """
  if _SPLIT not in table.column_names:
    return None
  cells = _cells(path, table, _SPLIT)
  if (i := _first(i for i, cell in enumerate(cells) if cell not in _PARTS)) is not None:
    raise ValueError(
      f"{path} column '{_SPLIT}' row {i + 1} is {_shown(cells[i])}: write train or test"
    )
  rows = [np.array([i for i, cell in enumerate(cells) if cell == part]) for part in _PARTS]
  for part, of in zip(_PARTS, rows, strict=True):
    if not len(of):
      raise ValueError(
        f"{path} column '{_SPLIT}' has no row '{part}': add some, or drop the column"
      )
  return rows


def _labels(path: Path, table: Any) -> tuple[np.ndarray | None, tuple[str, ...]]:
  """Return labels [n] int32 and class names.

  Returns (None, ()) without a column of that name.
  """
  if _LABEL not in table.column_names:
    return None, ()
  cells = _cells(path, table, _LABEL)
  where = f"{path} column '{_LABEL}'"
  if (i := _first(i for i, cell in enumerate(cells) if cell is None)) is not None:
    raise ValueError(f"{where} row {i + 1} is empty: label every row, or drop the column")
  if all(isinstance(cell, str | bool) for cell in cells):
    classes, y = np.unique(np.array(list(map(str, cells))), return_inverse=True)
    return y.astype(np.int32), tuple(classes.tolist())
  if not all(isinstance(cell, int | float) for cell in cells):
    kind = table.column(_LABEL).type
    raise ValueError(f"{where} has type {kind}: give whole numbers 0, 1, 2, … or names")
  y = files.labels(where, np.array(cells), len(cells))
  return y, tuple(str(k) for k in range(int(y.max()) + 1))


def _numbers(path: Path, table: Any, name: str) -> np.ndarray:
  """Return a finite feature column [n] float32."""
  import pyarrow as pa

  column = table.column(name)
  where = f"{path} column '{name}'"
  with np.errstate(over="ignore"):
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
      values = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float32)
    else:
      cells = _cells(path, table, name)
      if (i := _first(i for i, cell in enumerate(cells) if not _is_number(cell))) is not None:
        raise ValueError(
          f"{where} row {i + 1} is {_shown(cells[i])}, not a number: mend it, or drop the column"
        )
      values = np.array(cells, np.float64).astype(np.float32)
  if len(wrong := np.flatnonzero(~np.isfinite(values))):
    shown = _shown(_cells(path, table, name)[wrong[0]])
    raise ValueError(
      f"{where} row {wrong[0] + 1} is {shown}, not a finite number: fill it in, or drop the row"
    )
  return np.asarray(values)


def _is_number(cell: Any) -> bool:
  try:
    float(cell)
  except (TypeError, ValueError):
    return False
  return True


def _paths(path: Path, table: Any) -> list[str]:
  """Return the column of image paths, all of which exist."""
  found = []
  for i, cell in enumerate(_cells(path, table, _PATH)):
    where = f"{path} column '{_PATH}' row {i + 1}"
    if not isinstance(cell, str):
      raise ValueError(f"{where} is {_shown(cell)}: give the path of an image")
    file = path.parent / cell
    if file.suffix.lower() not in folders.SUFFIXES:
      raise ValueError(f"{where} is '{cell}': give an image ({', '.join(folders.SUFFIXES)})")
    if not file.is_file():
      raise ValueError(f"{where}: no file '{file}', paths are relative to the table's folder")
    found.append(str(file))
  return found


def _shown(cell: Any) -> str:
  return "empty" if cell is None else f"'{str(cell)[:40]}'"
