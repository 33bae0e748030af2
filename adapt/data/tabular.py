"""Read a table file as a domain: numbers, texts or image paths."""

import csv
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt import extras
from adapt.data import (
  cells,
  decimals,
  delimited,
  folders,
  json_records,
  npy,
  sound,
  table_columns,
  table_labels,
)
from adapt.data.delimited import suffix
from adapt.data.domain import Domain, Split
from adapt.data.reading import Reading
from adapt.data.splits import stratified
from adapt.data.table_columns import Read
from adapt.data.table_names import LABELS, PATH, SPLIT, label_columns, tidied

_ARROW = (".parquet", ".feather", ".arrow")
SUFFIXES = (*delimited.SUFFIXES, *_ARROW, *json_records.SUFFIXES)
SHEETS = (".xlsx", ".xls", ".ods")
_PARTS = {"train": "train", "test": "test", "val": "val", "validation": "val"}


def is_table(name: str) -> bool:
  """Whether a name is that of a table file, packed or not."""
  return suffix(Path(name)) in SUFFIXES


def read_table(
  path: str | os.PathLike, side: int = 224, reading: Reading = Reading(), only: str | None = None
) -> Domain:
  """Read a domain from a table with one example per row.

  Columns:
    path: image or sound files, relative to the table's folder; or, without it, every column but those of
      labels, splits and domains is a feature: numbers or texts, some of which may be missing.
    label: classes by number or name; called label, target, class or y, or as `reading` says;
      without it the domain is a target whose labels are unknown.
    split: "train", "val" or "test"; without it, a fixed fifth of each class is the test split. Rows
      of "val" are the test split where there is no "test", and training rows beside it.

  Args:
    path: a .csv, .tsv, .txt or .data file with any usual delimiter and encoding, packed as .gz or
      .zst or not, as may be a .json or .jsonl file of objects, or a .parquet or .feather file.
    side: height and width to which images are resized, in pixels.
    reading: the user's options.
    only: value of `reading.domain_column` whose rows are the domain; None: all rows.

  Raises:
    ValueError: one line that names the file, the column, the row (the first below the names is 1)
      and the remedy.
  """
  read = _read(Path(path), reading)
  name = path_stem(read.path)
  if reading.domain_column:
    read, name = _of_domain(read, only), only or name
  y: np.ndarray | None = None
  classes: tuple[str, ...] = ()
  notes: tuple[str, ...] = ()
  if read.labels:
    own = [(name, read.table.column(name), read.texts(name)) for name in read.labels]
    y, classes, notes = table_labels.read(str(read.path), own, read.how, reading.output)
  rows, more = _rows(read)
  notes = (*read.notes, *notes, *more)
  names = read.table.column_names
  special = (*read.labels, PATH, SPLIT, reading.domain_column, reading.groups)
  features = [n for n in names if n not in special]
  split: list[Any] = rows or list(stratified(np.zeros(len(read.table)) if y is None else y))
  groups = _groups(read, split[1])
  if PATH in names:
    if features:
      raise ValueError(
        f"{path} has the columns {', '.join(features[:5])} beside path: give image paths or "
        "feature columns, not both"
      )
    paths = np.array(_paths(read), object)
    parts = [
      (paths[of].tolist(), None if y is None else y[of])
      for of in rows or [np.arange(len(read.table))]
    ]
    of, how = (sound, reading) if sound.is_sound(paths[0]) else (folders, side)
    found = of.domain(name, parts, classes, str(path), how)
    return found._replace(notes=(*notes, *found.notes), groups=groups)
  if not features:
    raise ValueError(f"{path} has no feature column and no path column: add one")
  x, more = table_columns.features(read, features)
  train, test = (Split(x[of], None if y is None else y[of]) for of in split)  # type: ignore[arg-type]
  made = Domain(name, train, test, classes, notes=(*notes, *more), places=np.concatenate(split))
  return made._replace(held_out=not rows, groups=groups)


def _groups(read: Read, test: np.ndarray) -> np.ndarray | None:
  """The groups of the test split's rows, "" where missing; None without their column.

  Of a source nobody reads them: `group_column.check` refuses what the target lacks.
  """
  if (name := read.reading.groups) not in read.table.column_names:
    return None
  return np.array([text or "" for text in read.texts(name)], str)[test]


def path_stem(path: Path) -> str:
  """A file's name without its suffixes."""
  return Path(path.stem).stem if path.suffix.lower() in delimited.PACKED else path.stem


def domain_values(path: str | os.PathLike, reading: Reading) -> list[str]:
  """The domains that a table's domain column names.

  They are in the order of the file.

  Raises:
    ValueError: as `read_table`; no such column.
  """
  read = _read(Path(path), reading)
  return list(dict.fromkeys(t for t in _domain_texts(read) if t is not None))


def _domain_texts(read: Read) -> list[str | None]:
  name = read.reading.domain_column
  if name not in read.table.column_names:
    raise ValueError(
      f"{read.path} has no column '{name}' for --domain-column: it has "
      f"{', '.join(read.table.column_names)[:200]}"
    )
  return read.texts(name)


def _of_domain(read: Read, only: str | None) -> Read:
  """The rows of one domain; all, if none is named, as for data of which the domain is known."""
  if only is None:
    return read
  values = _domain_texts(read)
  rows = [i for i, value in enumerate(values) if value == only]
  if not rows:
    known = ", ".join(dict.fromkeys(v for v in values if v is not None))[:200]
    raise ValueError(f"{read.at(read.reading.domain_column)} has no '{only}': it has {known}")
  return read._replace(table=read.table.take(rows))


def _read(path: Path, reading: Reading) -> Read:
  """The file as a pyarrow table with at least one row, and what it was read as."""
  if not path.is_file():
    raise ValueError(f"no file '{path}': check the path")
  try:
    import pyarrow as pa
    from pyarrow import feather, parquet
  except ImportError as error:
    raise ValueError(f"{path} needs pyarrow: {extras.install('tables')}") from error
  comma, notes = False, list[str]()
  try:
    if (kind := suffix(path)) == ".parquet":
      # ParquetFile, as read_table would take folder names such as "split=train" for columns.
      with parquet.ParquetFile(path) as file:
        _check_size(path, file.metadata)
        table = file.read()
    elif kind in _ARROW:
      table = feather.read_table(path)
    elif kind in json_records.SUFFIXES:
      table, notes = json_records.read(path)
    else:
      own = reading.label, *reading.label.split(","), reading.domain_column, reading.groups
      special = frozenset({*LABELS, PATH, SPLIT, *(n.lower() for n in (*own, *reading.columns))})
      table, delimiter, read = delimited.read(path, reading.header, special)
      comma, notes = delimiter != ",", list(read)
  except (pa.ArrowException, csv.Error, OSError, UnicodeError) as error:
    reason = " ".join(str(error).split())[:100]
    raise ValueError(f"{path} cannot be read ({reason}): write the file again") from error
  if not len(table):
    raise ValueError(f"{path} has no row of data: give at least 2, one is held out as test")
  table, told = tidied(path, table)
  labels, more = label_columns(path, table.column_names, reading)
  how = cells.How(reading.missing, comma)
  styles = decimals.styles(table, how) if comma else {}
  how = how._replace(decimal=decimals.agreed(styles.values()))
  return Read(path, table, how, reading, labels, (*notes, *told, *more), styles)


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


def _rows(read: Read) -> tuple[list[np.ndarray] | None, list[str]]:
  """Return the rows of the training and the test split, None without a column of that name."""
  if SPLIT not in read.table.column_names:
    return None, []
  where = read.at(SPLIT)
  texts = read.texts(SPLIT)
  if (i := _first(texts, lambda text: text not in _PARTS)) is not None:
    raise ValueError(f"{where} row {i + 1} is {_shown(texts[i])}: write train, val or test")
  parts = np.array([_PARTS[str(text)] for text in texts])
  notes = []
  if (parts == "val").any():
    there = (parts == "test").any()
    parts[parts == "val"] = "train" if there else "test"
    notes.append(f"{where}: rows of val are {'training rows' if there else 'the test split'}")
  rows = [np.flatnonzero(parts == part) for part in ("train", "test")]
  for part, of in zip(("train", "test"), rows, strict=True):
    if not len(of):
      raise ValueError(f"{where} has no row '{part}': add some, or drop the column")
  return rows, notes


def _paths(read: Read) -> list[str]:
  """Return the column of paths of images or sound, all of which exist."""
  found: list[str] = []
  texts = read.texts(PATH)  # refuses other types; names of files stay in their own form
  whole = read.table.column(PATH).cast("string").to_pylist()
  for i, cell in enumerate(texts if None in texts else whole):
    where = f"{read.at(PATH)} row {i + 1}"
    if not isinstance(cell, str) or not cell:
      raise ValueError(f"{where} is {_shown(cell or None)}: give the path of an image")
    file = read.path.parent / cell
    kind = sound.SUFFIXES if sound.is_sound(found[0] if found else cell) else folders.SUFFIXES
    if file.suffix.lower() not in kind:
      raise ValueError(f"{where} is '{cell}': give an image ({folders.KNOWN}), or recordings alone")
    if not file.is_file():
      raise ValueError(f"{where}: no file '{file}', paths are relative to the table's folder")
    found.append(str(file))
  return found


def _first(texts: Sequence[str | None], wrong: Callable[[str | None], bool]) -> int | None:
  """The first row that is wrong; None without one."""
  return next((i for i, text in enumerate(texts) if wrong(text)), None)


def _shown(cell: Any) -> str:
  return "empty" if cell is None else f"'{str(cell)[:40]}'"
