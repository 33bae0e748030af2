"""Labels of arrays and frames, by what is predicted."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from adapt.data import multi_labels, pixel_labels
from adapt.data.value_labels import valued


class Given(NamedTuple):
  """Inputs and labels as a user has given them."""

  x: Any  # an array, a raw table or texts
  y: np.ndarray | None
  names: tuple[str, ...] = ()  # of the classes, where y has their numbers
  notes: tuple[str, ...] = ()
  groups: np.ndarray | None = None  # of the examples, [n]
  labels: tuple[str, ...] = ()  # names of the columns of y, where they have names

  @property
  def named(self) -> "Given":
    """The same with the names of the classes as labels."""
    return self._replace(y=np.array(self.names)[self.y], names=()) if self.names else self


def numbered(
  called: Sequence[str], every: Sequence[Given], sources: int, output: str
) -> tuple[list[Given], tuple[str, ...]]:
  """All with labels as numbers, and the names of what is predicted.

  Args:
    called: their names, for messages.
    every: inputs with labels as they were given; sources first.
    sources: how many are, whose classes count.
    output: see `Reading`.

  Raises:
    ValueError: one line with the remedy: labels that are no such numbers.
  """
  if output in ("values", "labels"):
    every = in_order(called, every)
  named = list(zip(called, every, strict=True))
  if output == "values":
    return [one._replace(y=_values(one)) for one in every], ()
  if output == "pixels":
    made = [one._replace(y=_masks(n, one)) for n, one in named]
    return made, pixel_labels.numbered([one.y for one in made[:sources]])
  if output == "labels":
    made = [_marked(n, one) for n, one in named]
    return made, next((one.labels for one in made if one.labels), ())
  known = [one.y for one in every[:sources] if one.y is not None]
  classes = _classes(known) if known else np.empty(0)
  return [one._replace(y=_numbered(one.y, classes)) for one in every], tuple(
    map(str, classes.tolist())
  )


def in_order(called: Sequence[str], every: Sequence[Given]) -> list[Given]:
  """Labels whose columns are in the order of the first names."""
  first, names = next(
    ((n, g.labels) for n, g in zip(called, every, strict=True) if g.labels), ("", ())
  )
  found = []
  for name, one in zip(called, every, strict=True):
    if len(one.labels) < 2 or one.y is None:  # of one column the name does not matter
      found.append(one)
    elif sorted(one.labels) != sorted(names):
      raise ValueError(
        f"{name} names its labels {', '.join(one.labels)}, and {first} {', '.join(names)}: rename them alike"
      )
    else:
      y = one.y[:, [one.labels.index(n) for n in names]]
      found.append(one._replace(y=y, labels=names))
  return found


def label_type(every: Sequence[Given]) -> str:
  """What classes are named by: int, float, bool or str."""
  known = [one.y for one in every if one.y is not None]
  kind = np.result_type(*known).kind if known else ""
  if kind == "O" and all(isinstance(value, str) for y in known for value in y.tolist()):
    kind = "U"
  return {"i": "int", "u": "int", "f": "float", "b": "bool", "U": "str"}.get(kind, "")


def _marked(name: str, one: Given) -> Given:
  """With labels [n, k] int32, -1 where unknown, and their names."""
  if one.y is None:
    return one
  y = multi_labels.marked(f"the labels of {name}", one.y, len(one.x))
  names = one.labels or multi_labels.numbered(y)
  notes = multi_labels.remarks(name, y, names)
  return one._replace(y=y, labels=names, notes=(*one.notes, *notes))


def _values(one: Given) -> np.ndarray | None:
  """Labels as values [n, d] float32, NaN where unknown."""
  return None if one.y is None else valued("the labels", one.y, len(one.x))


def _masks(name: str, one: Given) -> np.ndarray | None:
  """Labels as masks [n, h, w] int32, -1 where not scored."""
  return None if one.y is None else pixel_labels.masks(f"the masks of {name}", one.y, one.x)


def _classes(labels: Sequence[np.ndarray]) -> np.ndarray:
  """The distinct labels, in the order in which they are numbered; refuses what are no classes."""
  for y in labels:
    if y.ndim > 1:
      raise ValueError(
        f"the labels have shape {list(y.shape)}: give one class an example, or output='values' (numbers), "
        "output='labels' (several of 0 and 1) or output='pixels' (masks)"
      )
    if y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.trunc(y))).all():
      raise ValueError(
        "the labels are numbers that are not whole: give classes, or output='values' to predict them"
      )
  return np.unique(np.concatenate([np.asarray(y) for y in labels]))


def _numbered(y: np.ndarray | None, classes: Any) -> np.ndarray | None:
  """Labels as numbers of classes, int32."""
  if y is None:
    return None
  found = np.searchsorted(classes, y) if len(classes) else np.zeros(len(y), int)
  found = np.minimum(found, len(classes) - 1)
  if (wrong := classes[found] != y).any():
    raise ValueError(
      f"the label {np.asarray(y)[wrong].tolist()[0]!r} is none of the source's: "
      f"{', '.join(map(repr, classes[:10].tolist()))}"
    )
  return found.astype(np.int32)
