"""Read MATLAB files (version 5).

Named arrays and labels are read and checked.
"""

import io
from pathlib import Path

import numpy as np

AGAIN = "fetch the file again"


def read(path: Path, *names: tuple[str, ...], data: bytes | None = None) -> list[np.ndarray]:
  """Read numeric arrays from a .mat file.

  Args:
    path: the file, or the archive that holds it.
    *names: for each array, the names it may go by.
    data: the file's contents where `path` is an archive.

  Returns:
    One array for each of `names`, in that order, as stored.

  Raises:
    ValueError: one line: no such file; damaged, or of version 7.3; an array absent or no numbers.
  """
  path = Path(path)
  if not path.is_file():
    raise ValueError(f"no file '{path}': give --from the folder that holds it")
  from scipy.io import loadmat

  try:
    found = loadmat(path if data is None else io.BytesIO(data))
  except Exception as error:  # on damaged files loadmat raises nearly anything
    reason = " ".join(str(error).split())[:80] or type(error).__name__
    raise ValueError(f"{path} is not a MATLAB 5 file ({reason}): {AGAIN}") from error
  arrays = []
  for aliases in names:
    array = next((found[alias] for alias in aliases if alias in found), None)
    if array is None:
      present = ", ".join(name for name in found if not name.startswith("__")) or "nothing"
      raise ValueError(f"{path} has no array '{aliases[0]}' (it has {present}): {AGAIN}")
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "buif":
      raise ValueError(f"{path} '{aliases[0]}' is no array of numbers: {AGAIN}")
    arrays.append(array)
  return arrays


def labels(path: Path, y: np.ndarray, first: int, last: int) -> np.ndarray:
  """Convert a MATLAB column or row of labels to [n] int64.

  The values are kept as they are.

  Raises:
    ValueError: one line: not a column or a row, or not whole numbers from `first` to `last`.
  """
  if y.size != max(y.shape, default=0):
    raise ValueError(f"{path} has labels of shape {y.shape}, not one column: {AGAIN}")
  flat = y.ravel()
  if not ((flat >= first) & (flat <= last) & (flat == np.floor(flat))).all():
    raise ValueError(f"{path} has labels other than {first} to {last}: {AGAIN}")
  return flat.astype(np.int64)


def features(
  path: Path, width: int, x_names: tuple[str, ...], first: int, last: int
) -> tuple[np.ndarray, np.ndarray]:
  """Read a feature matrix and its labels from a .mat file.

  Each row is an example. The labels are the array "labels", counted from `first`.

  Returns:
    x [n, width] as stored and y [n] int64, 0 … last - first.

  Raises:
    ValueError: as `read` and `labels`; another width; not as many labels; a value not finite.
  """
  x, y = read(path, x_names, ("labels",))
  if x.ndim != 2 or x.shape[1] != width:
    raise ValueError(f"{path} has features of shape {x.shape}, not [n, {width}]: {AGAIN}")
  y = labels(path, y, first, last) - first
  if len(y) != len(x):
    raise ValueError(f"{path} has {len(x)} examples but {len(y)} labels: {AGAIN}")
  if not np.isfinite(x).all():
    raise ValueError(f"{path} has values that are not finite: {AGAIN}")
  return x, y
