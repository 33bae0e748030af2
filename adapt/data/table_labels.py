"""A table's column of labels: classes by number or name, or values."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data import cells
from adapt.data.class_labels import Labels, Numbered, numbered
from adapt.data.value_labels import valued


class Where(NamedTuple):
  """A table's column."""

  path: str
  name: str

  def __str__(self) -> str:
    return f"{self.path} column '{self.name}'"


def read(
  where: Where, column: Any, texts: Sequence[str | None], how: cells.How, output: str
) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
  """Return labels [n] int32 or [n, 1] float32, classes, and notes.

  Those [n, 1] are values.

  Args:
    where: the column, for messages.
    column: its cells, of pyarrow.
    texts: the same as texts, None where missing.
    how: the user's options.
    output: what the labels are, see `Reading`.

  Raises:
    ValueError: one line with row (the first is 1) and remedy: a missing label, no number among values.
  """
  import pyarrow as pa

  empty = [i for i, text in enumerate(texts) if text is None]
  if empty and output == "values":
    raise ValueError(
      f"{where} row {empty[0] + 1} is empty, and {len(empty)} are: leave such rows out"
    )
  if empty:
    raise ValueError(f"{where} row {empty[0] + 1} is empty: label every row, or drop the column")
  if output == "values":
    numbers = cells.column(*where, column, how).values
    return valued(str(where), numbers, len(numbers)), (), ()
  truth = {"true": "True", "false": "False"}
  if all(str(text).lower() in truth for text in texts):
    y = np.array([truth[str(text).lower()] for text in texts])
  elif pa.types.is_integer(column.type):
    y = column.to_numpy()
  else:
    found = cells.column(*where, column, how, lenient=True)
    y = found.values if found.numeric else np.array(texts)
  made: Numbered = numbered([Labels(str(where), y, len(y))])
  return made.parts[0], made.classes, (*cells.mended(str(where), column), *made.notes)
