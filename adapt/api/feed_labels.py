"""Labels of data sets, loaders and iterables."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adapt.api import stacking
from adapt.data import table_names
from adapt.data.table_names import LABELS

# Columns that hold the inputs where there are several; case does not matter.
INPUTS = ("image", "img", "pixel_values", "x", "input", "inputs", "features", "text", "sentence")
X, Y = "inputs of pairs", "labels of pairs"  # columns of rows (x, y)
SEVERAL = ("values", "labels")  # outputs of which an example may have several
_OF_BATCH = 2  # dimensions of labels [b, k]


def keys(columns: Mapping[str, Any], label: str, name: str) -> list[str]:
  """The columns of the labels.

  They are one, several as `label` names them, or none.

  Raises:
    ValueError: some of several are not there.
  """
  usual = (Y, label, *(LABELS if label == LABELS[0] else ()), "labels")
  found = next((n for n in usual if n in columns and len(columns) > 1), "")
  if found or "," not in label:
    return [found] if found else []
  return table_names.several(name, label, list(columns))


def is_batch(
  shapes: Mapping[str, tuple[int, ...]], labels: Sequence[str], output: str, where: str
) -> bool:
  """Whether an element is a batch.

  A batch has a label for each entry of its inputs.

  Args:
    shapes: of its parts, by column.
    labels: the columns of the labels, one or several.
    output: see `Reading`.
    where: what messages call it.

  Raises:
    ValueError: it may as well be one example with a label for each entry of its inputs.
  """
  own, alike = shapes[labels[0]], len({s[:1] for s in shapes.values()}) == 1
  several = output in SEVERAL and len(labels) == 1
  if not alike or len(own) != 1:
    return alike and several and len(own) == _OF_BATCH
  x = next((s for n, s in shapes.items() if n == X or n.lower() in INPUTS), ())
  if not (several and x):
    return X not in shapes or max(map(len, shapes.values())) > 1
  if len(x) > 1:
    raise ValueError(
      f"{where} has inputs of shape {list(x)} and labels of shape {list(own)}, so it may be a batch or one "
      "example: give a loader with batch_size, arrays, or in batches labels of shape [b, k]"
    )
  return False


def read(
  columns: Sequence[Sequence[Any]], name: str, output: str, feature: Any = None
) -> tuple[np.ndarray | None, tuple[str, ...]]:
  """Labels of rows, and their names.

  They are [n], or [n, k] where an example has several.

  Args:
    columns: of the rows' labels, one or several.
    name: what messages call the data.
    output: see `Reading`.
    feature: Hugging Face's, of one column; lists of class numbers become labels of 0 and 1.

  Returns:
    Labels, None where no row has one; names of the k where they come from class numbers, else ().

  Raises:
    ValueError: one line that names the row.
  """
  if len(columns) > 1:
    rows = list(zip(*(map(_plain, column) for column in columns), strict=True))
    none = all(v is None for row in rows for v in row)
    return (None if none else _stacked(rows, name, output)), ()
  inner = feature[0] if isinstance(feature, list) and feature else getattr(feature, "feature", None)
  names = getattr(inner, "names", None)
  if output == "labels" and names:
    return _marks(columns[0], len(names), name), tuple(names)
  return _stacked(columns[0], name, output), ()


def _plain(value: Any) -> Any:
  """A tensor of one number as that number."""
  return stacking.array(value).item() if getattr(value, "shape", None) == () else value


def _marks(values: Sequence[Any], count: int, name: str) -> np.ndarray:
  """Lists of class numbers as labels [n, count] of 0 and 1, -1 where a row has no list."""
  y = np.zeros((len(values), count), np.int32)
  for i, row in enumerate(values):
    if row is None:
      y[i] = -1
      continue
    for k in row:
      if not 0 <= k < count:
        raise ValueError(
          f"{name} row {i} has the label {k}, and {count} have names: name its class"
        )
      y[i, k] = 1
  return y


def _stacked(values: Sequence[Any], name: str, output: str) -> np.ndarray | None:
  """Labels of rows under one another; None where no row has one."""
  found = [v if v is None or isinstance(v, str) else stacking.array(v) for v in values]
  lacking = [v is None for v in found]
  if all(lacking):
    return None
  if any(lacking):
    raise ValueError(
      f"{name} row {lacking.index(True)} has no label and row {lacking.index(False)} has one: give "
      "all or none (labelled target examples go to labelled=)"
    )
  known = [np.asarray(v) for v in found]
  several = output in SEVERAL and any(v.size != 1 for v in known)
  texts = [v.dtype.kind in "US" for v in known]
  for i, v in enumerate(known):
    if several and (v.shape != known[0].shape or v.ndim != 1 or not v.size):
      raise ValueError(
        f"{name} row {i} has a label of shape {list(v.shape)}, row 0 {list(known[0].shape)}: give [k] each"
      )
    if not several and v.size != 1:
      more = "" if output in SEVERAL else ", or of several output='labels' (0 and 1) or 'values'"
      raise ValueError(f"{name} row {i} has a label of shape {list(v.shape)}: give one value{more}")
    if texts[i] != texts[0]:
      raise ValueError(f"{name} row {i} has the label {v!s}, unlike row 0's: give texts or numbers")
  return np.stack(known) if several else np.array([v.item() for v in known])
