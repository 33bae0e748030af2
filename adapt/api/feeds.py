"""Data sets of torch and Hugging Face, loaders, and iterables.

They are told by what they can do, and none of the libraries is imported. Each is read once, whole: a
transform that draws at random is drawn once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Number
from typing import Any, NamedTuple

import numpy as np

from adapt.api import feed_labels, frames, stacking
from adapt.api.feed_labels import INPUTS, X, Y
from adapt.data import npy
from adapt.data.raw import Column, Table


class Read(NamedTuple):
  """What a data set holds."""

  x: Any  # an array or a raw table
  y: np.ndarray | None  # [n], or [n, k] where an example has several
  names: tuple[str, ...] = ()  # of the classes, where y has their numbers
  notes: tuple[str, ...] = ()
  labels: tuple[str, ...] = ()  # names of the columns of y, where they have names


def is_feed(one: Any) -> bool:
  """Whether it is a data set, a loader or an iterable.

  Arrays, tables and names are none.
  """
  if isinstance(one, list):
    return bool(one) and (isinstance(one[0], Mapping) or _is_labelled_row(one[0]))
  if isinstance(one, str | bytes | tuple | Mapping) or frames.is_frame(one):
    return False
  if hasattr(one, "__array__") or hasattr(one, "tocsr"):
    return False
  return hasattr(one, "__iter__") or _is_counted(one)


def refuse_splits(one: Any, name: str) -> None:
  """Raises ValueError for a dict of splits, as Hugging Face's `load_dataset` gives."""
  if isinstance(one, Mapping) and hasattr(one, "column_names"):
    splits = ", ".join(map(str, one))
    raise ValueError(f"{name} is a dict of the splits {splits}: give one, as data['train']")


def read(feed: Any, name: str, label: str, output: str = "classes") -> Read:
  """Reads a data set.

  Args:
    feed: see `is_feed`. Rows are (x, y), (x,), x alone, or dicts; batches the same with a first
      axis.
    name: what messages call it.
    label: name of the labels among a row's, beside the usual ones; several as A,B,C.
    output: what the labels are, see `Reading`.

  Raises:
    ValueError: one line that names the row: rows that differ, some without a label, or that cannot
      be read.
  """
  notes = _order_notes(feed, name)
  features = getattr(feed, "features", None) or {}
  if hasattr(feed, "column_names") and hasattr(feed, "__len__"):  # Hugging Face's, in memory
    columns = {str(n): list(feed[n]) for n in feed.column_names}
  else:
    columns = _columns(feed, name, label, output)
  if not columns or not len(next(iter(columns.values()))):
    raise ValueError(f"{name} has no rows: give at least 2")
  keys = feed_labels.keys(columns, label, name)
  feature = features.get(keys[0]) if len(keys) == 1 and isinstance(features, Mapping) else None
  taken = [columns.pop(key) for key in keys]
  y, own = feed_labels.read(taken, name, output, feature) if taken else (None, ())
  labels = own or (tuple(keys) if len(keys) > 1 else ())
  names = _class_names(feed, feature) if output == "classes" else ()
  if y is None or y.dtype.kind not in "iu" or y.max() >= len(names):
    names = ()
  elif (y == -1).all():
    y, names = None, ()  # so Hugging Face says that labels are unknown
  elif (y < 0).any():
    raise ValueError(f"{name} row {(y < 0).argmax()} has the label {y.min()}: name its class")
  x, more = _inputs(columns, name)
  return Read(x, y, names, (*notes, *more), labels)


def _is_labelled_row(row: Any) -> bool:
  """Whether it is (x, y) with one label, which no domain is."""
  return isinstance(row, tuple) and len(row) == 2 and _is_scalar(row[1])


def _is_scalar(value: Any) -> bool:
  if value is None or isinstance(value, str | bytes | Number):
    return True
  return hasattr(value, "shape") and not tuple(value.shape)


def _order_notes(feed: Any, name: str) -> tuple[str, ...]:
  """What a loader does with its rows that the result depends on."""
  notes = []
  if "Random" in type(getattr(feed, "sampler", None)).__name__:
    notes.append(f"{name} is a loader that shuffles: the same call sees other rows held out")
  if getattr(feed, "drop_last", False):
    notes.append(f"{name} is a loader that drops its last rows where they fill no batch")
  return tuple(notes)


def _columns(feed: Any, name: str, label: str, output: str) -> dict[str, list[Any]]:
  """All rows, by column; one size of them fits in memory."""
  batched = any(getattr(feed, n, None) is not None for n in ("batch_size", "batch_sampler"))
  columns: dict[str, list[Any]] = {}
  count, size, most = 0, 0, npy.memory()
  for i, element in enumerate(_elements(feed, name)):
    part = _parted(element, f"{name} {'batch' if batched else 'row'} {i}")
    where = f"{name} element {i}"
    if batched or _is_batch(part, where, _is_counted(feed), label, output):
      part, rows = _rows(part, f"{name} batch {i}")
    else:
      part, rows = {n: [_kept(v)] for n, v in part.items()}, 1
    if columns and set(part) != set(columns):
      has, had = (", ".join(_called(n) for n in sorted(p)) for p in (part, columns))
      raise ValueError(f"{name} row {count} has {has}, row 0 {had}: give all the same")
    for n, values in part.items():
      columns.setdefault(n, []).extend(values)
      size += sum(getattr(v, "nbytes", 0) for v in values)
    count += rows
    if size > most:
      raise ValueError(f"{name} has more than memory holds after row {count}: is it endless?")
  return columns


def _is_counted(feed: Any) -> bool:
  return hasattr(feed, "__len__") and hasattr(feed, "__getitem__")


def _elements(feed: Any, name: str) -> Iterator[Any]:
  """Rows by number where the data set counts them, else as they come."""
  counted = _is_counted(feed) and not hasattr(feed, "__iter__")
  source: Iterable[Any] = range(len(feed)) if counted else feed
  at, elements = 0, iter(source)
  while True:
    try:
      element = next(elements)
      element = feed[element] if counted else element
    except StopIteration:
      return
    except Exception as error:  # whatever another's code raises
      told = f"{type(error).__name__}: {error}".splitlines()[0]
      raise ValueError(
        f"{name} row {at} cannot be read ({told}): mend it or leave it out"
      ) from error
    yield element
    at += 1


def _parted(element: Any, where: str) -> dict[str, Any]:
  """A row or batch by column."""
  if isinstance(element, Mapping):
    return {str(n): v for n, v in element.items()}
  pair = isinstance(element, tuple) or (
    isinstance(element, list) and len(element) and not isinstance(element[0], Number)
  )
  if not pair:
    return {X: element}
  if len(element) not in (1, 2):
    raise ValueError(f"{where} has {len(element)} parts: give (x, y), or x without a label")
  return dict(zip((X, Y), element, strict=False))


def _is_batch(part: Mapping[str, Any], where: str, counted: bool, label: str, output: str) -> bool:
  """Whether an element is a batch, by its labels where it has some."""
  shapes = {n: _shape(v) for n, v in part.items()}
  if keys := feed_labels.keys(part, label, where):
    return feed_labels.is_batch(shapes, keys, output, where)
  if not counted and len(shapes.get(X, ())) > 1:
    raise ValueError(
      f"{where} has shape {list(shapes[X])} and no label, so it may be a batch or one picture: "
      "give an array, a loader with batch_size, or a data set with a length"
    )
  return False


def _shape(value: Any) -> tuple[int, ...]:
  if isinstance(value, list | tuple):
    return (len(value), *(_shape(value[0]) if len(value) else ()))
  if isinstance(value, str):
    return (len(value),)
  return tuple(getattr(value, "shape", ()))


def _rows(batch: Mapping[str, Any], where: str) -> tuple[dict[str, list[Any]], int]:
  """A batch's rows by column, and how many they are."""
  try:
    found = {
      n: list(v) if isinstance(v, list | tuple) else list(stacking.array(v))
      for n, v in batch.items()
    }
  except TypeError as error:
    raise ValueError(f"{where} has a number where values of rows are expected") from error
  counts = {n: len(v) for n, v in found.items()}
  if len(set(counts.values())) > 1:
    told = ", ".join(f"{count} {_called(n)}" for n, count in counts.items())
    raise ValueError(f"{where} has {told}: give one each")
  return found, next(iter(counts.values()))


def _kept(value: Any) -> Any:
  """One value of a row: tensors as arrays, which count in bytes."""
  return stacking.array(value) if hasattr(value, "shape") else value


def _called(column: str) -> str:
  return {X: "inputs", Y: "labels"}.get(column, column)


def _class_names(feed: Any, feature: Any) -> tuple[str, ...]:
  """Names of the classes: of Hugging Face's ClassLabel, or torchvision's `classes`."""
  names = getattr(feature, "names", None)
  if names is None:
    while hasattr(feed, "dataset"):  # a loader's, or a part's
      feed = feed.dataset
    renumbered = getattr(feed, "target_transform", None) is not None
    names = None if renumbered else getattr(feed, "classes", None)
  if not isinstance(names, list | tuple) or not all(isinstance(n, str) for n in names):
    return ()
  return tuple(names) if len(set(names)) == len(names) else ()


def _inputs(columns: Mapping[str, Sequence[Any]], name: str) -> tuple[Any, tuple[str, ...]]:
  """The inputs of rows, and what is to be told: one column, or a table of numbers and texts."""
  by_name = {n.lower(): n for n in columns}
  chosen = next((by_name[n] for n in (X, *INPUTS) if n in by_name), "")
  if len(columns) == 1:
    chosen = next(iter(columns))
  if chosen:
    x, notes = stacking.inputs(columns[chosen], name)
    rest = ", ".join(sorted(set(columns) - {chosen}))
    told = (f"{name}: the inputs are '{chosen}', not used are {rest}",) if rest else ()
    return x, (*told, *notes)
  scalar = {n: all(map(_is_scalar, values)) for n, values in columns.items()}
  if not columns or not all(scalar.values()):
    raise ValueError(
      f"{name} has the columns {', '.join(columns) or '(none)'}: call the one of the inputs 'x' and "
      "drop the others, or give columns of numbers"
    )
  return Table(tuple(Column(n, _cells(values)) for n, values in columns.items())), ()


def _cells(values: Sequence[Any]) -> np.ndarray:
  """A table's column: [n] float64 with NaN, or texts with None, where missing."""
  plain = [v.item() if hasattr(v, "item") else v for v in values]
  if all(v is None or isinstance(v, Number) for v in plain):
    return np.array([np.nan if v is None else float(v) for v in plain])
  return np.array([None if v is None else str(v) for v in plain], object)
