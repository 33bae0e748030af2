"""Inputs and predictions of a trained model, as users have them."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from adapt.api import arrays
from adapt.data import columns, encode, images, preprocessing
from adapt.data.domain import Domain, Split
from adapt.data.preprocessing import Preprocessing
from adapt.data.raw import Table
from adapt.deploy.rebuilt import predicts
from adapt.deploy.saved import Model


def as_trained(x: Any, model: Model, in_order: bool) -> np.ndarray:
  """Inputs as the model takes them: what training has learnt is applied.

  What this does to them is warned of, such as missing cells, unknown categories and cut series.

  Args:
    x: inputs as `predict` takes them.
    model: the trained model.
    in_order: columns are those of training, whatever their names are.

  Raises:
    ValueError: inputs of another shape or type than those of training.
  """
  made = preprocessing.of(model.about)
  missing: Sequence[str] = () if made is None else made.reading.get("missing", ())
  read = arrays.given(x, output=predicts(model.about), missing=missing)
  domain = Domain("x", split := Split(read.x, None), split, ())
  done = encode.plain(domain) if made is None else encode.later(domain, made, in_order)
  for note in dict.fromkeys((*_lacking(read.x, made), *done.notes)):
    warnings.warn(note, stacklevel=2)
  found: Any = done.train.x
  shape, dtype = model.inputs
  if model.about["image_size"] and found.ndim == 4:  # as training has brought them to size
    found = images.resized(found, shape[0])
  found = np.asarray(found)
  if found.shape[1:] != shape or str(found.dtype) != dtype:
    raise ValueError(
      f"x is {found.dtype} of shape {list(found.shape)}, and the model takes {dtype} "
      f"{['n', *shape]}: give inputs as it was trained on"
    )
  return found


def _lacking(x: Any, made: Preprocessing | None) -> Iterator[str]:
  """What is told of cells that are missing where no training row lacked any."""
  step = None if made is None else made.step("table")
  if step is None or not isinstance(x, Table):
    return
  whole = {one["name"] for one in step["columns"] if not one["missing"]}
  counts = {c.name: int(columns.missing(c).sum()) for c in x.columns if c.name in whole}
  if names := [name for name, count in counts.items() if count]:
    yield (
      f"x has {sum(counts.values())} missing cells in {columns.listed(names)}, where training had none: "
      "numbers get the median of the sources' training rows"
    )


def as_given(about: Mapping[str, Any], classes: Sequence[str], numbers: np.ndarray) -> np.ndarray:
  """Classes [n] in the type in which the labels were given.

  Of files, and of models from before that was kept, names that are whole numbers are numbers.

  Args:
    about: the model's description.
    classes: their names.
    numbers: which of them, [n].
  """
  names, kind = np.array(classes), about.get("label_type", "")
  if kind == "bool":
    names = names == "True"
  elif kind == "float":
    names = names.astype(float)
  elif kind == "int" or (not kind and all(map(_whole, classes))):
    names = names.astype(np.int64)
  return np.asarray(names[numbers])


def _whole(name: str) -> bool:
  """Whether a name is a whole number as it is written: not 01, nor one of 20 digits."""
  digits = name.removeprefix("-")
  return digits.isdecimal() and len(digits) < 19 and str(int(name)) == name
