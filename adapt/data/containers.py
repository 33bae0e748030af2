"""Read arrays from MATLAB, HDF5 and svmlight files, and SciPy's sparse matrices."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt import extras
from adapt.data import files, npy
from adapt.data.array_names import chosen, unused
from adapt.data.domain import Domain
from adapt.data.sparse import dense

_SVMLIGHT = (".svmlight", ".libsvm", ".svm")
_HDF5 = (".h5", ".hdf5")
SUFFIXES = (".mat", *_HDF5, *_SVMLIGHT)
_MAGIC = b"\x89HDF\r\n\x1a\n"


def read(path: str | Path, output: str = "classes") -> Domain:
  """Read a domain from a .mat, .h5 or .svmlight file.

  Inputs and labels are found by their usual names (see `array_names`). Sparse inputs become dense.

  Raises:
    ValueError: one line that names the file and the remedy: damaged, no inputs or several, larger
      than memory, a library that is not installed.
  """
  path = Path(path)
  if not path.is_file():
    raise ValueError(f"no file '{path}': check the path")
  if path.suffix.lower() in _SVMLIGHT:
    arrays = _svmlight(path)
    notes: tuple[str, ...] = ()
  else:
    names, array = _variables(path)
    arrays, notes = chosen(path, names, array), unused(path, names)
  x, y = arrays["x"], arrays.get("y")
  if y is not None and x.ndim == 2 and len(x) != y.size and x.shape[1] == y.size:
    arrays["x"] = x.T
    notes += (f"{path} has its examples in columns: turned",)
  found = files.domain(path.stem, arrays, {n: f"{path} {n}" for n in arrays}, output)
  return found._replace(notes=(*notes, *found.notes))


def widened(domains: Sequence[Domain], names: Sequence[str]) -> list[Domain]:
  """The domains with svmlight inputs as wide as the widest.

  Such files name no last column.

  Args:
    domains: of one task.
    names: what they were read by, in the same order.
  """
  sparse_ones = [Path(n).suffix.lower() in _SVMLIGHT for n in names]
  width = max((d.train.x.shape[1] for d in domains if d.train.x.ndim == 2), default=0)

  def wide(x: Any) -> Any:
    return np.pad(x, ((0, 0), (0, width - x.shape[1])))

  return [
    d._replace(train=d.train._replace(x=wide(d.train.x)), test=d.test._replace(x=wide(d.test.x)))
    if is_sparse
    else d
    for d, is_sparse in zip(domains, sparse_ones, strict=True)
  ]


def _svmlight(path: Path) -> dict[str, np.ndarray]:
  """Columns are numbered as they stand, so that files of one task agree, whichever they begin with."""
  try:
    from sklearn.datasets import load_svmlight_file
  except ImportError as error:
    raise ValueError(f"{path} needs scikit-learn: {extras.install('containers')}") from error
  try:
    x, y = load_svmlight_file(str(path), zero_based=True, dtype=np.float32)
  except Exception as error:  # on other files it raises nearly anything
    raise _unreadable(path, "svmlight", error) from error
  return {"x": dense(path, x), "y": y}


def _variables(path: Path) -> tuple[list[str], Callable[[str], np.ndarray]]:
  """The names of a file's arrays, and a function from a name to its array."""
  with path.open("rb") as stream:
    start = stream.read(520)
  if path.suffix.lower() in _HDF5 or _MAGIC in start:
    return _hdf5(path)
  from scipy.io import loadmat

  try:
    found = {n: v for n, v in loadmat(path).items() if not n.startswith("__")}
  except Exception as error:
    raise _unreadable(path, "MATLAB", error) from error

  def array(name: str) -> np.ndarray:
    value = found[name]
    return dense(path, value) if hasattr(value, "toarray") else np.asarray(value)

  return list(found), array


def _hdf5(path: Path) -> tuple[list[str], Callable[[str], np.ndarray]]:
  try:
    import h5py
  except ImportError as error:
    raise ValueError(f"{path} needs h5py: {extras.install('containers')}") from error
  try:
    with h5py.File(path, "r") as file:
      sets = [n for n, v in file.items() if isinstance(v, h5py.Dataset)]
  except OSError as error:
    raise _unreadable(path, "HDF5", error) from error

  def array(name: str) -> np.ndarray:
    with h5py.File(path, "r") as file:
      of = file[name]
      if of.size * of.dtype.itemsize > npy.memory():
        raise ValueError(f"{path} {name} is larger than memory: give a part of it")
      try:
        values = of.asstr()[()] if h5py.check_string_dtype(of.dtype) else of[()]
      except OSError as error:
        raise _unreadable(path, "HDF5", error) from error
      # MATLAB stores the first dimension last.
      return np.asarray(values).T if "MATLAB_class" in of.attrs else np.asarray(values)

  return sets, array


def _unreadable(path: Path, what: str, error: Exception) -> ValueError:
  reason = " ".join(str(error).split())[:100] or type(error).__name__
  return ValueError(f"{path} is not a readable {what} file ({reason}): write it again")
