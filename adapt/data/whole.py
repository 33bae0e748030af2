"""Position of each domain example in its original file.

Loading has split the file into training and test.
"""

from pathlib import Path

import numpy as np

from adapt.data import files, npy, tabular
from adapt.data.domain import Domain
from adapt.data.images import Images
from adapt.data.splits import stratified


def places(name: str, domain: Domain) -> np.ndarray:
  """Return each example's position, training split first.

  Args:
    name: what `data.read` has read.
    domain: what it has made of that.

  Returns:
    [n]: a permutation of 0 … n-1. The order of a file is x, then x_test; of a table that of its rows;
    of a folder that of its paths; of a set with a name the training split, then the test split.

  Raises:
    ValueError: the file has changed since.
  """
  train, test = domain.train.x, domain.test.x
  n = len(train) + len(test)
  if isinstance(train, Images) and isinstance(test, Images) and train.source is test.source:
    found = np.concatenate([train.rows, test.rows])
  else:
    found = _of_file(name.removeprefix("features:"), n)
  if not np.array_equal(np.sort(found), np.arange(n)):
    raise ValueError(f"{name} has changed while it was read: run the command again")
  return found


def _of_file(name: str, n: int) -> np.ndarray:
  path = Path(name)
  suffix = path.suffix.lower()
  y = None
  if suffix == ".npz":
    with npy.members(path) as (found, array):
      if "x_test" in found:
        return np.arange(n)
      y = files.labels(name, array("y"), n) if "y" in found else None
  elif suffix == ".npy":
    beside = path.with_name(f"{path.stem}_labels.npy")
    y = files.labels(name, npy.read(beside), n) if beside.exists() else None
  elif suffix in tabular.SUFFIXES:
    table = tabular._read(path)
    if rows := tabular._rows(path, table):
      return np.concatenate(rows)
    y = tabular._labels(path, table)[0]
  else:  # a set with a name
    return np.arange(n)
  return np.concatenate(stratified(np.zeros(n) if y is None else y))
