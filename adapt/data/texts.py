"""Read texts: folders of .txt files, and table columns of sentences."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import columns, delimited, folders, npy
from adapt.data.domain import Domain, Split
from adapt.data.raw import Column, Table, Texts
from adapt.data.reading import Reading

SUFFIXES = (".txt",)
# Names by which a column is known to hold texts, however short they are.
NAMES = (
  *("text", "texts", "review", "review_text", "sentence", "content", "comment", "message"),
  *("document", "body", "tweet", "abstract"),
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_WORDS = 6  # median number of words from which cells are sentences, not names or addresses


def read_folder(folder: str | os.PathLike) -> Domain:
  """Read a domain of .txt files, laid out as `folders.read_folder` has images.

  Args:
    folder: of files in UTF-8, UTF-16 or Latin-1, one text each.

  Returns:
    The domain, of `Texts`.

  Raises:
    ValueError: one line with the remedy: as `folders.tree`, no text, or more than memory holds.
  """
  folder = Path(folder)
  found = folders.tree(folder, SUFFIXES, "text")
  paths = [Path(path) for some, _ in found.parts for path in some]
  if (size := sum(os.path.getsize(path) for path in paths)) > npy.memory() // 4:
    raise ValueError(f"{folder} has {size / 2**30:.0f} GiB of text: give a part of it")
  values, told = np.empty(len(paths), object), []
  for i, path in enumerate(paths):
    values[i], more = delimited.decoded(path, path.read_bytes())
    told += more
  rows, labels = folders.split(found.parts)
  train, test = (
    Split(Texts(values[of]), y)  # type: ignore[arg-type]
    for of, y in zip(rows, labels, strict=True)
  )
  notes = found.notes
  if told:
    notes += (f"{folder}: {len(told)} of {len(paths)} texts are not in UTF-8, as {told[0]}",)
  name = folder.resolve().name
  return Domain(name, train, test, found.classes, notes=notes, places=np.concatenate(rows))


def given(x: Any, where: str) -> Texts | None:
  """A list or array of strings as texts; None for other inputs.

  Args:
    x: whatever a caller gives as inputs.
    where: what a message calls it.

  Raises:
    ValueError: other values, such as missing ones, among strings.
  """
  values = np.asarray(x) if hasattr(x, "dtype") else x
  if isinstance(values, np.ndarray):
    if values.ndim != 1 or values.dtype.kind not in "UOT":
      return None
    values = values.tolist()
  if not isinstance(values, list | tuple) or not any(isinstance(v, str) for v in values):
    return None
  found = np.empty(len(values), object)
  for i, value in enumerate(values):
    if not isinstance(value, str):
      raise ValueError(f"{where} has {value!r:.40} as text {i + 1}: give strings, '' for none")
    found[i] = value
  return Texts(found)


def text_columns(tables: Sequence[Table], reading: Reading) -> tuple[str, ...]:
  """Which columns of tables hold texts rather than categories or names.

  Most cells differ, and they have several words, or the column a name of NAMES. Columns that the
  options drop or name as categories are none.

  Args:
    tables: a task's training rows, by domain.
    reading: the user's options.
  """

  def taken(name: str) -> bool:
    left_out = (*reading.drop, *reading.categorical)
    return name not in left_out and (not reading.columns or name in reading.columns)

  names = dict.fromkeys(n for t in tables for n in t.names if taken(n))
  parts = {n: [columns.of_name(t, n) for t in tables if n in t.names] for n in names}
  found = tuple(n for n in names if _is_text(n, parts[n]))
  # Where no column is common, an error says which domain lacks one.
  return tuple(n for n in found if len(parts[n]) == len(tables)) or found


def _is_text(name: str, parts: Sequence[Column]) -> bool:
  if all(part.numeric for part in parts):
    return False
  each = [[v for v in part.values.tolist() if v is not None] for part in parts if not part.numeric]
  known = [v for values in each for v in values]
  # Each by itself, as domains may share their texts.
  if not known or any(2 * len(set(values)) < len(values) for values in each):
    return False
  words = float(np.median([len(_WORD.findall(v)) for v in known]))
  return words >= (1 if name.lower() in NAMES else _WORDS)


def joined(table: Table, names: Sequence[str]) -> Texts:
  """The texts of some columns, one below the other.

  Missing cells give none.
  """
  parts = [columns.texts(columns.of_name(table, n)).tolist() for n in names]
  found = np.empty(len(table), object)
  for i, cells in enumerate(zip(*parts, strict=True)):
    found[i] = "\n".join(cell for cell in cells if cell is not None)
  return Texts(found)
