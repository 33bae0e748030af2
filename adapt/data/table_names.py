"""Names of a table's columns, and which is that of labels.

Names are made clean.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from adapt.data.class_labels import clean
from adapt.data.reading import Reading

LABELS = ("label", "target", "class", "y")  # the first that a table has
PATH, SPLIT = "path", "split"
# What pandas calls the column of row numbers that it writes unless told not to.
_INDEX = re.compile(r"|__index_level_\d+__|Unnamed: \d+")


def tidied(path: Path, table: Any) -> tuple[Any, list[str]]:
  """The table with clean names, without unnamed row numbers and empty columns.

  Names that are nearly special are refused, and one name twice.
  """
  given = table.column_names
  names = [clean(name) for name in given]
  notes = [
    f"{path} column '{new}' is named with blanks or in another Unicode form: mended"
    for old, new in zip(given, names, strict=True)
    if old != new
  ]
  nameless = [k for k, name in enumerate(names) if _INDEX.fullmatch(name)]
  for k in nameless:
    if not _is_index(table.column(k)):
      raise ValueError(
        f"{path} has a column '{names[k]}', which looks like row numbers: drop it (pandas: "
        "index=False), or give it a name"
      )
    notes.append(f"{path} column '{names[k]}' has row numbers or nothing: left out")
  for name in names:
    meant = name.lower()
    if meant in (LABELS[0], PATH, SPLIT) and name != meant:
      raise ValueError(f"{path} has a column '{name}': write '{meant}', or rename it if a feature")
  table = table.rename_columns(names)
  table = table.select([k for k in range(len(names)) if k not in nameless])
  twice = {name for name in table.column_names if table.column_names.count(name) > 1}
  if twice:
    raise ValueError(f"{path} has several columns named '{sorted(twice)[0]}': rename them")
  return table, notes


def _is_index(column: Any) -> bool:
  """Whether a column counts its rows, or is empty."""
  try:
    values = column.to_pylist()
    if all(value in (None, "") for value in values):
      return True
    counted = [int(value) for value in values]
  except (TypeError, ValueError, OverflowError):  # also dates of no calendar
    return False
  return counted == list(range(counted[0], counted[0] + len(counted)))


def several(where: Path | str, label: str, names: Sequence[str]) -> list[str]:
  """The columns that `label` names, one or several as A,B,C.

  None if none of them is there.

  Raises:
    ValueError: some of them are not there, or one is named twice.
  """
  if label in names:
    return [label]
  asked = [name.strip() for name in label.split(",")]
  found = [name for name in dict.fromkeys(asked) if name in names]
  if found and len(found) < len(asked):
    lost = next((name for name in asked if name not in names), None)
    raise ValueError(
      f"{where} has the label column '{found[0]}' of {label}, "
      + ("and one is named twice" if lost is None else f"and no '{lost}': name those there are")
    )
  return found


def label_columns(
  path: Path, names: Sequence[str], reading: Reading
) -> tuple[tuple[str, ...], list[str]]:
  """The names of the labels' columns, and which was taken."""
  if reading.label:
    asked = several(path, reading.label, names)
    there = ", ".join(names[:8]) + ", …" * (len(names) > 8)
    if not asked:
      return (), [f"{path} has no column '{reading.label}' (but {there}): its labels are unknown"]
    if len(asked) > 1 and reading.output not in ("values", "labels"):
      raise ValueError(
        f"{path}: --label-column {reading.label} names several columns, and --output is "
        f"{reading.output}: give --output labels (of 0 and 1) or values (numbers)"
      )
    return tuple(asked), []
  taken = (reading.domain_column, reading.groups, *reading.drop, *reading.columns)
  found = next((n for n in LABELS if n in names and n not in taken), "")
  if not found and reading.groups in LABELS and reading.groups in names:
    raise ValueError(
      f"{path}: --groups {reading.groups} takes the column '{reading.groups}', which would be the labels: "
      "name another, or the labels (--label-column)"
    )
  told = [f"{path}: labels are the column '{found}'"] if found not in ("", LABELS[0]) else []
  return tuple(filter(None, [found])), told
