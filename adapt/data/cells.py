"""Convert a column's cells to numbers or texts, and mark missing ones."""

import re
from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from adapt.data.class_labels import clean
from adapt.data.raw import Column

# ASCII alone: "1_000" and digits of other scripts are texts.
NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_INFINITE = r"[+-]?(inf|Inf|INF|infinity|Infinity)"
COMMA = r"[+-]?([0-9]{1,3}(\.[0-9]{3})+|[0-9]+)(,[0-9]+)?([eE][+-]?[0-9]+)?"
# With points that may separate thousands.
GROUPED = r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+(,[0-9]+)?([eE][+-]?[0-9]+)?"
MISSING = frozenset({"", "NA", "N/A", "n/a", "#N/A", "nan", "NaN", "NAN", "?", "null", "NULL"})
_TRUTH = {"true": 1.0, "false": 0.0}


class How(NamedTuple):
  """How cells are understood."""

  missing: Collection[str] = ()  # texts that mean a missing cell, beside MISSING
  decimal_comma: bool = False  # whether 1,5 may be a number
  decimal: str = ""  # mark by which to read 1.234, whose point may be of thousands; "": as a point


def column(where: str, name: str, values: Any, how: How, lenient: bool = False) -> Column:
  """A column of numbers or of texts.

  Numbers are float64 with NaN where missing, texts have None where missing.

  Args:
    where: what a message calls the table.
    name: the column's.
    values: a pyarrow array of numbers, truth values, texts or dates.
    how: the user's options.
    lenient: take a column of numbers and a few texts as texts.

  Raises:
    ValueError: one line with column, row (the first is 1) and remedy: cells of other kinds, numbers
      beyond float32, a text among numbers.
  """
  import pyarrow as pa

  kind = values.type
  if pa.types.is_dictionary(kind):
    values, kind = values.cast(kind.value_type), kind.value_type
  if pa.types.is_boolean(kind):
    values = values.cast(pa.uint8())
  if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
    return Column(name, _finite(where, name, _coded(values, how)))
  if pa.types.is_decimal(kind):
    return Column(name, _finite(where, name, _coded(values.cast(pa.float64()), how)))
  if pa.types.is_null(kind):
    return Column(name, np.full(len(values), np.nan))
  if (plain := _plain(values, how)) is not None:
    return Column(name, _finite(where, name, plain))
  texts = as_texts(where, name, values, how)
  numbers = None if lenient and not _all_numbers(texts, how) else _numbers(where, name, texts, how)
  return Column(name, texts if numbers is None else _finite(where, name, numbers))


def as_texts(where: str, name: str, values: Any, how: How) -> np.ndarray:
  """Cells as texts in Unicode's composed form [n], None where missing.

  Raises:
    ValueError: cells that no text stands for, as lists.
  """
  import pyarrow as pa

  place = f"{where} column '{name}'"
  kind = values.type
  if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
    shown = f"'{str(values[0])[:40]}'"
    raise ValueError(f"{place} row 1 is {shown}, not a number: write numbers or text, or drop it")
  try:
    cells = values.cast(pa.string()).to_pylist()
  except Exception as error:  # dates of no calendar, texts of no encoding
    raise ValueError(
      f"{place} has values of {kind} that cannot be read: write numbers or text"
    ) from error
  lacking = {*MISSING, *how.missing}
  known: dict[str | None, str | None] = {None: None}
  found = np.empty(len(cells), object)
  for i, cell in enumerate(cells):
    if cell not in known:
      text = clean(cell)
      known[cell] = None if text in lacking else text
    found[i] = known[cell]
  return found


def mended(place: str, values: Any) -> list[str]:
  """Notes about texts that `as_texts` changes.

  Two forms of a text become one.
  """
  import pyarrow as pa

  if pa.types.is_dictionary(values.type):
    values = values.cast(values.type.value_type)
  if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
    return []
  found = [v for v in values.unique().to_pylist() if v is not None and clean(v) != v]
  if not found:
    return []
  return [f"{place} has {ascii(found[0])[:40]}: blanks and Unicode forms are mended"]


def _coded(values: Any, how: How) -> np.ndarray:
  """Numbers [n] float64, NaN where null or a code of missing cells."""
  import pyarrow as pa

  found = np.array(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
  for code in how.missing:
    if re.fullmatch(NUMBER, code):
      found[found == float(code)] = np.nan
  return found


def _plain(values: Any, how: How) -> np.ndarray | None:
  """Texts that are numbers as they stand [n] float64, at the speed of pyarrow; None if not all are."""
  import pyarrow as pa
  from pyarrow import compute

  if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
    return None
  texts = compute.utf8_trim_whitespace(values)
  if how.decimal == "," and compute.any(compute.match_substring(texts, ".")).as_py():
    return None  # the points may be of thousands
  lacking = compute.is_in(texts, value_set=pa.array([*MISSING, *how.missing], values.type))
  try:
    numbers = compute.if_else(lacking, None, texts).cast(pa.float64())  # reads ASCII digits alone
  except pa.ArrowInvalid:
    return None
  return _coded(numbers, how)


def _finite(where: str, name: str, values: np.ndarray) -> np.ndarray:
  with np.errstate(over="ignore"):
    wrong = np.flatnonzero(np.isinf(values.astype(np.float32)))
  if len(wrong):
    raise ValueError(
      f"{where} column '{name}' row {wrong[0] + 1} is '{values[wrong[0]]}', not a finite number: "
      "mend it, or drop the row"
    )
  return values


def _all_numbers(texts: np.ndarray, how: How) -> bool:
  pattern = f"{NUMBER}|{_INFINITE}" + (f"|{COMMA}" if how.decimal_comma else "")
  return all(t is None or re.fullmatch(pattern, t) for t in dict.fromkeys(texts.tolist()))


def _numbers(where: str, name: str, texts: np.ndarray, how: How) -> np.ndarray | None:
  """Texts as numbers [n] float64; None if they are words."""
  values = [t for t in dict.fromkeys(texts.tolist()) if t is not None]
  if values and all(v.lower() in _TRUTH for v in values):
    of: dict[str | None, float] = {v: _TRUTH[v.lower()] for v in values}
  else:
    pattern, comma, points = f"{NUMBER}|{_INFINITE}", False, False
    if how.decimal_comma and all(re.fullmatch(COMMA, v) for v in values):
      points = all(re.fullmatch(GROUPED, v) for v in values if "." in v)
      comma = any("," in v for v in values) or (how.decimal == "," and points)
    numbers = values if comma else [v for v in values if re.fullmatch(pattern, v)]
    if len(numbers) < len(values):
      _check_mixed(where, name, texts, set(numbers))
      return None
    with_commas = [v for v in values if comma and (points or "," in v)]
    plain = {v: v for v in values} | {v: v.replace(".", "").replace(",", ".") for v in with_commas}
    of = {v: float(plain[v]) for v in values}
  codes = {float(c) for c in how.missing if re.fullmatch(NUMBER, c)}
  of = {v: np.nan if number in codes else number for v, number in of.items()}
  of[None] = np.nan
  return np.array([of[t] for t in texts.tolist()], np.float64)


def _check_mixed(where: str, name: str, texts: np.ndarray, numbers: set[str]) -> None:
  """Refuse a text in a column that has numbers in most of its cells."""
  cells = [t for t in texts.tolist() if t is not None]
  count = sum(t in numbers for t in cells)
  if 2 * count <= len(cells):
    return
  i = next(i for i, t in enumerate(texts.tolist()) if t is not None and t not in numbers)
  raise ValueError(
    f"{where} column '{name}' row {i + 1} is '{texts[i][:40]}', not a number: mend it, say --missing "
    f"'{texts[i][:40]}' if that is a missing cell, --categorical {name}, or --drop {name}"
  )
