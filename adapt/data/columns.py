"""Encode tables with missing cells and categories as float vectors.

The encoding is fitted on training rows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data import rounding
from adapt.data.raw import Column, Table
from adapt.data.reading import Reading

MOST_CATEGORIES = 100  # of a column; rarer ones are taken for unseen
_FEWEST = 10  # rows from which a column of distinct texts is no category
_ID = re.compile(r"(.*[ _.-])?(id|idx|index|no|nr|number|row|rowid|#)", re.IGNORECASE)


class Part(NamedTuple):
  """A domain's table, by which columns are fitted."""

  name: str  # the domain's, for messages
  train: Table
  test: Table
  source: bool  # whether categories and medians are learnt from its training rows

  def column(self, name: str) -> Column:
    """All rows of a column, those of the training split first."""
    a, b = (of_name(table, name) for table in (self.train, self.test))
    if a.numeric != b.numeric:
      a, b = (c._replace(values=texts(c)) for c in (a, b))
    return Column(name, np.concatenate([a.values, b.values]))


def of_name(table: Table, name: str) -> Column:
  """The column of that name; KeyError without one."""
  for column in table.columns:
    if column.name == name:
      return column
  raise KeyError(name)


def texts(column: Column) -> np.ndarray:
  """Values as texts [n], None where missing.

  Whole numbers are without a decimal point.
  """
  if not column.numeric:
    return column.values
  found = np.empty(len(column.values), object)
  for i, value in enumerate(column.values.tolist()):
    if value == value:  # not NaN
      found[i] = str(int(value)) if np.isfinite(value) and value == int(value) else repr(value)
  return found


def missing(column: Column) -> np.ndarray:
  """Which cells are missing, [n] bool."""
  if column.numeric:
    return np.isnan(column.values)
  return np.array([value is None for value in column.values.tolist()], bool)


def fit(parts: Sequence[Part], reading: Reading) -> tuple[list[dict[str, Any]], list[str]]:
  """Decide how each column becomes numbers.

  A number column gives its values, the source median where missing, and one more column that says
  where, if cells are missing in any training rows. A column of texts, or one named `categorical`,
  gives a column for each category of the source training rows, one for missing cells if those have
  any, and one for whatever else occurs. Ids are left out unless `columns` names them: texts that are
  all distinct, and consecutive whole numbers under such a name as id, index or no.

  Args:
    parts: tables of the same column names, in any order.
    reading: the user's options.

  Returns:
    For each column that stays {"name": …, "median": …} or {"name": …, "categories": […]}, with
    "missing" true where that is a column of its own, and "offset" where float32 would blur the
    numbers; and what to tell the user, one line each.

  Raises:
    ValueError: one line with the remedy: numbers in one domain and texts in another, infinite
      values, unknown `categorical` names, or no column that stays.
  """
  names = parts[0].train.names
  if strange := [n for n in reading.categorical if n not in names]:
    raise ValueError(f"--categorical {strange[0]} is no column: there are {listed(names)}")
  kept: list[dict[str, Any]] = []
  notes = []
  for name in names:
    train = [of_name(p.train, name) for p in parts if p.source]
    if not any((~missing(c)).any() for c in train):
      notes.append(f"column '{name}' has no value in the sources' training rows: left out")
    elif name not in (*reading.columns, *reading.categorical) and (why := why_id(parts, name)):
      notes.append(f"column '{name}' is left out as an id ({why}): --columns would keep it")
    elif name in reading.categorical or _is_text(parts, name):
      one, said = _categories(name, train)
      kept.append(one)
      notes += said
    else:
      kept.append(_number(name, parts))
  if not kept:
    raise ValueError(
      f"{parts[0].name} has no feature column to learn from ({'; '.join(notes)[:300]}): add one"
    )
  return kept, notes + list(_filled(parts, kept))


def _is_text(parts: Sequence[Part], name: str) -> bool:
  """Whether a column holds texts; refuses one that does in some domains alone."""
  kinds: dict[bool, tuple[str, Column]] = {}
  for part in parts:
    for table in (part.train, part.test):
      column = of_name(table, name)
      if column.numeric and np.isinf(column.values).any():
        raise ValueError(f"{part.name} column '{name}' has infinite values: mend or --drop it")
      if (~missing(column)).any():
        kinds.setdefault(column.numeric, (part.name, column))
  if len(kinds) == 2:
    (where, column), (other, _) = kinds[False], kinds[True]
    value = next((v for v in column.values.tolist() if v is not None and not _is_number(v)), "")
    raise ValueError(
      f"column '{name}' has texts in {where} ('{value[:30]}') and numbers in {other}: mend it, say "
      f"--missing '{value[:30]}' if that is a missing cell, --categorical {name}, or --label-column "
      f"{name} if these are the labels"
    )
  return False in kinds


def _is_number(text: str) -> bool:
  try:
    float(text)
  except ValueError:
    return False
  return True


def why_id(parts: Sequence[Part], name: str) -> str:
  """Why a column is an id in every domain, or ""."""
  found = [part.column(name) for part in parts]
  if all(not c.numeric for c in found):
    values = [[v for v in c.values.tolist() if v is not None] for c in found]
    enough = all(len(v) >= _FEWEST for v in values)
    return "all texts differ" if enough and all(len(set(v)) == len(v) for v in values) else ""
  if not _ID.fullmatch(name.strip()) or not all(c.numeric and len(c.values) > 1 for c in found):
    return ""
  steps = [np.diff(np.sort(c.values)) for c in found]
  return "consecutive numbers" if all((s == 1).all() for s in steps) else ""


def _number(name: str, parts: Sequence[Part]) -> dict[str, Any]:
  values = [of_name(p.train, name).values.astype(float) for p in parts]
  train = np.concatenate([v for p, v in zip(parts, values, strict=True) if p.source])
  lacking = any(bool(np.isnan(v).any()) for v in values)
  found = {"name": name, "median": float(np.nanmedian(train)), "missing": lacking}
  # Subtracted before the numbers become float32.
  return found | ({"offset": found["median"]} if rounding.blurred(train[:, None])[0] else {})


def _categories(name: str, train: Sequence[Column]) -> tuple[dict[str, Any], list[str]]:
  values = np.concatenate([texts(c) for c in train]).tolist()
  known, counts = np.unique([v for v in values if v is not None], return_counts=True)
  notes = []
  if len(known) > MOST_CATEGORIES:
    notes.append(
      f"column '{name}' has {len(known)} categories: the {MOST_CATEGORIES} most frequent are kept "
      "apart; --drop leaves it out"
    )
    known = np.sort(known[np.argsort(-counts, kind="stable")[:MOST_CATEGORIES]])
  return {"name": name, "categories": known.tolist(), "missing": None in values}, notes


def _filled(parts: Sequence[Part], kept: Sequence[Mapping[str, Any]]) -> Iterator[str]:
  """What is told of missing cells."""
  numbers = [c["name"] for c in kept if "median" in c]
  for part in parts:
    counts = {n: int(missing(part.column(n)).sum()) for n in numbers}
    lacking = {n: c for n, c in counts.items() if c}
    if lacking:
      yield (
        f"{part.name} has {sum(lacking.values())} missing cells in {listed(list(lacking))}: they get "
        "the median of the sources' training rows"
      )


def names(fitted: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
  """Names of the encoded columns, in the order of `encode`."""
  found = []
  for column in fitted:
    name = column["name"]
    if "median" in column:
      found += [name, *[f"{name} missing"] * column["missing"]]
    else:
      found += [f"{name}={c}" for c in column["categories"]]
      found += [*[f"{name} missing"] * column["missing"], f"{name} unseen"]
  return tuple(found)


def flags(fitted: Sequence[Mapping[str, Any]]) -> list[bool]:
  """Which encoded columns are 0 or 1.

  They mark a missing cell or a category.
  """
  found = []
  for column in fitted:
    count = len(column.get("categories", ())) + column["missing"] + ("categories" in column)
    found += [False] * ("median" in column) + [True] * count
  return found


def encode(
  table: Table, fitted: Sequence[Mapping[str, Any]], where: str
) -> tuple[np.ndarray, list[str]]:
  """Encode a table as `fit` has decided.

  Args:
    table: has all of the fitted columns, in any order.
    fitted: what `fit` returned.
    where: what a message calls the table.

  Returns:
    Vectors [n, d] float32 and what to tell the user: values that training has not seen.

  Raises:
    ValueError: texts or infinite values in a column of numbers.
  """
  found: list[np.ndarray] = []
  notes = []
  for one in fitted:
    column = of_name(table, one["name"])
    lacks = missing(column)
    if "median" in one:
      values = np.where(lacks, one["median"], _numbers(column, where))
      found.append(values - one["offset"] if "offset" in one else values)
      if one["missing"]:
        found.append(lacks)
      continue
    position = {c: k for k, c in enumerate(one["categories"])}
    width = len(position) + one["missing"] + 1
    at = [
      (width - 2 if one["missing"] else width - 1) if v is None else position.get(v, width - 1)
      for v in texts(column).tolist()
    ]
    found += list((np.arange(width)[:, None] == np.array(at, int)).astype(float))
    if unseen := sum(k == width - 1 for k in at):
      notes.append(f"{where} column '{one['name']}' has {unseen} values of no category of training")
  return np.stack(found, axis=1).astype(np.float32), notes


def _numbers(column: Column, where: str) -> np.ndarray:
  """A column's values [n] float64, NaN where missing."""
  if column.numeric:
    values = column.values
  elif missing(column).all():
    return np.full(len(column.values), np.nan)
  else:
    text = next(v for v in column.values.tolist() if v is not None)
    raise ValueError(
      f"{where} column '{column.name}' has the text '{text[:30]}', and training had numbers: mend it"
    )
  with np.errstate(over="ignore"):
    if np.isinf(values.astype(np.float32)).any():
      raise ValueError(f"{where} column '{column.name}' has infinite values: mend them")
  return np.asarray(values)


def sorted_names(names: Sequence[str]) -> list[str]:
  """Names in order, numbers in them by value (f2, f10)."""

  def key(name: str) -> tuple[list[str | int], str]:
    # Text and digits alternate, so that like is compared with like.
    return [int(p) if i % 2 else p for i, p in enumerate(re.split(r"(\d+)", name))], name

  return sorted(names, key=key)


def listed(names: Sequence[str]) -> str:
  """At most five names with quotes."""
  return ", ".join(f"'{n}'" for n in names[:5]) + (", …" if len(names) > 5 else "")
