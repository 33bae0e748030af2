"""Several yes-or-no labels for each example (multi-label)."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from adapt.data.class_labels import Labels, Numbered
from adapt.data.domain import Domain

_SHOWN = 5  # labels that a note names


def marked(where: str, y: np.ndarray, n: int) -> np.ndarray:
  """Check labels of 0 and 1 and convert them to int32.

  Args:
    where: what a message calls the array.
    y: [n, k], k from 2 on: 1 and 0 or truth values; -1 or NaN where unknown.
    n: how many examples there are.

  Returns:
    [n, k], -1 where unknown.

  Raises:
    ValueError: one line: other shape or values.
  """
  if y.dtype.kind == "O":
    y = _numbers(where, y)
  if y.dtype.kind not in "buif":
    raise ValueError(f"{where} has dtype {y.dtype}: give labels of 0 and 1, -1 where unknown")
  if y.ndim != 2 or len(y) != n or y.shape[1] < 2:
    raise ValueError(
      f"{where} has shape {list(y.shape)} for {n} examples: give [n, k], a column for each of two labels "
      "or more (of a table --label-column A,B,…); one label alone is --output classes"
    )
  found = np.where(np.isnan(y), -1, y) if y.dtype.kind == "f" else y.astype(np.int64)
  wrong = ~np.isin(found, (-1, 0, 1))
  if wrong.any():
    row, column = np.argwhere(wrong)[0].tolist()
    raise ValueError(
      f"{where} row {row + 1} has the value {found[row, column]:g}: give labels of 0 and 1, -1 or nothing "
      "where unknown, or take another --output"
    )
  return found.astype(np.int32)


def _numbers(where: str, y: np.ndarray) -> np.ndarray:
  try:
    return np.array([[np.nan if v is None else v for v in row] for row in y.tolist()], np.float64)
  except (TypeError, ValueError) as error:
    raise ValueError(f"{where} has no numbers: give labels of 0 and 1, -1 where unknown") from error


def of_parts(parts: Sequence[Labels]) -> Numbered:
  """The labels of a file's parts, named by number.

  The training split's come first.
  """
  ys = tuple(marked(*part) for part in parts)
  names = numbered(ys[0])
  return Numbered(ys, names, remarks(parts[0].where, ys[0], names))


def numbered(y: np.ndarray) -> tuple[str, ...]:
  """Names of labels [n, k] that have none: their columns' numbers."""
  return tuple(map(str, range(y.shape[1])))


def remarks(where: str, y: np.ndarray, names: Sequence[str]) -> tuple[str, ...]:
  """What is said of labels of one value, or none."""
  found: dict[str, list[str]] = {}
  for name, own in zip(names, y.T, strict=True):
    values = np.unique(own[own >= 0])
    if len(values) < 2:
      found.setdefault(str(values[0]) if len(values) else "unknown", []).append(name)
  return tuple(
    f"{where}: {_listed(own)} {'is' if len(own) == 1 else 'are'} {value} in every example, which can "
    "be neither learnt nor judged"
    for value, own in found.items()
  )


def _listed(names: Sequence[str]) -> str:
  more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
  return f"the label{'s' if len(names) > 1 else ''} {', '.join(names[:_SHOWN])}{more}"


def check(sources: Sequence[Domain], target: Domain) -> None:
  """Check labels: there in the sources, and the same number everywhere.

  Raises:
    ValueError: one line with the remedy.
  """
  wide: dict[str, Any] = {}
  for domain in (*sources, target):
    for name, split in (("training", domain.train), ("test", domain.test)):
      where = f"the {name} set of {domain.name}"
      if split.y is None:
        if domain is not target:
          raise ValueError(
            f"{where} has no labels: add them (y), or name them (--label-column A,B,…)"
          )
        continue
      if split.y.ndim != 2 or split.y.dtype.kind not in "iu":
        raise ValueError(f"{where} has labels of another kind: read all with --output labels")
      wide[domain.name] = split.y.shape[1]
  if len(set(wide.values())) > 1:
    told = ", ".join(f"{name} {width}" for name, width in wide.items())
    raise ValueError(f"the domains have different numbers of labels an example ({told})")
  if not max(int((s.train.y >= 0).sum()) for s in sources if s.train.y is not None):
    raise ValueError("no label of the source is known: give labels of 0 and 1")
