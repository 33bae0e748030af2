"""Tell whether a text table writes decimal commas or decimal points."""

from collections.abc import Iterable
from typing import Any

from adapt.data.cells import COMMA, GROUPED, MISSING, NUMBER, How

COMMAS, POINTS, EITHER = ",", ".", "?"


def style(values: Any, how: How) -> str:
  """The decimal mark of a column's cells.

  Args:
    values: a pyarrow array of texts.
    how: the user's options.

  Returns:
    COMMAS, POINTS, EITHER where all points may separate thousands as well (3.544), or "" for whole
    numbers, texts, and numbers with both marks as decimals.
  """
  import pyarrow as pa
  from pyarrow import compute

  def every(texts: Any, pattern: str) -> bool:
    found = compute.match_substring_regex(texts, f"^(?:{pattern})$")
    return bool(compute.all(found, min_count=0).as_py())

  texts = compute.utf8_trim_whitespace(values)
  lacking = compute.is_in(texts, value_set=pa.array([*MISSING, *how.missing], values.type))
  texts = compute.filter(texts, compute.invert(lacking))
  dotted = compute.filter(texts, compute.match_substring(texts, "."))
  if compute.any(compute.match_substring(texts, ",")).as_py():
    return COMMAS if every(texts, COMMA) and every(dotted, GROUPED) else ""
  if not len(dotted):
    return ""
  if every(dotted, GROUPED) and every(texts, COMMA):
    return EITHER
  return POINTS if every(texts, NUMBER) else ""


def styles(table: Any, how: How) -> dict[str, str]:
  """The style of each column of texts of a pyarrow table."""
  import pyarrow as pa

  kinds = zip(table.column_names, table.columns, strict=True)
  return {n: style(c, how) for n, c in kinds if pa.types.is_string(c.type)} if len(table) else {}


def agreed(marks: Iterable[str]) -> str:
  """The one decimal mark among these; "" for none or both."""
  found = {COMMAS, POINTS} & set(marks)
  return found.pop() if len(found) == 1 else ""
