"""Read a user's own .npz or .npy files as domains.

There is one file per domain, or four .npy files in a folder.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from adapt.data import npy
from adapt.data.domain import Domain, Split
from adapt.data.splits import stratified

_NAMES = ("x", "y", "x_test", "y_test", "features")
MOST_CLASSES = 100_000  # a label that is no class would ask for so many names
_PICKLED = "write plain arrays of numbers (no objects, no pickle)"


def read_npz(path: str | os.PathLike) -> Domain:
  """Read a domain from an .npz file.

  It has `x`, and optionally `y`, `x_test`, `y_test` and `features`.

  Without `x_test`, a fixed fifth of each class is the test split. Without `y` the domain is a
  target whose labels are unknown.

  Args:
    path: the file. Images [n, h, w] or [n, h, w, c], uint8 or float; vectors [n, d]; labels [n];
      names of the vectors' columns [d].

  Raises:
    ValueError: one line that names the file and the remedy, for anything that is not so.
  """
  path = Path(path)
  _check_there(path)
  with _readable(path):
    if not npy.is_archive(path):
      npy.read(path)
      raise ValueError(f"{path} is a single .npy array: save it with numpy.savez(path, x=…, y=…)")
    with npy.members(path) as (found, array):
      _check_names(path, found)
      arrays = {name: _member(path, array, name) for name in found}
  names = arrays.pop("features", None)
  domain = _domain(path.stem, arrays, {name: f"{path} {name}" for name in _NAMES})
  return domain if names is None else domain._replace(features=_features(path, names, domain))


def _features(path: Path, names: np.ndarray, domain: Domain) -> tuple[str, ...]:
  """Check the names of columns, each another."""
  shape = domain.train.x.shape
  if names.dtype.kind != "U" or len(shape) != 2 or names.shape != shape[1:]:
    raise ValueError(
      f"{path} features are {names.dtype} of shape {names.shape}, x has shape {shape}: give a text "
      "for each column of vectors"
    )
  found = tuple(names.tolist())
  if len(set(found)) < len(found):
    raise ValueError(f"{path} features has one name twice: give each column its own")
  return found


def read_npy(path: str | os.PathLike) -> Domain:
  """Read a domain from an .npy file of inputs.

  Known labels are in `<stem>_labels.npy` beside it.

  Args:
    path: the file of inputs. Shapes, dtypes and split as in `read_npz`.

  Raises:
    ValueError: one line that names the file and the remedy, for anything that is not so.
  """
  path = Path(path)
  where = {"x": path, "y": path.with_name(f"{path.stem}_labels.npy")}
  if not where["y"].exists():
    del where["y"]
  return _domain(path.stem, *_arrays(where))


def read_features(path: str | os.PathLike) -> Domain:
  """Read a domain of network features.

  The file is as for `read_npz`. Raises ValueError for images.
  """
  if Path(path).suffix.lower() != ".npz":
    raise ValueError(f"features:{path} is not an .npz file: write one with arrays x and y")
  domain = read_npz(path)
  if domain.train.x.ndim != 2:
    raise ValueError(
      f"features:{path} has images of shape {domain.train.x.shape[1:]}: give vectors [n, d], or "
      "drop 'features:'"
    )
  return domain


def read_folder(folder: str | os.PathLike) -> tuple[Domain, Domain]:
  """The source and target of a folder of .npy files.

  The files are source_data.npy, source_labels.npy, target_data.npy and, optionally,
  target_labels.npy; a fixed fifth of each class is its domain's test split.

  Args:
    folder: the folder. Shapes and dtypes as in `read_npz`.

  Returns:
    The source domain and the target domain; an unlabelled target has the source's classes.

  Raises:
    ValueError: one line that names the file and the remedy, for anything that is not so.
  """
  folder = Path(folder)
  if not folder.is_dir():
    raise ValueError(f"no folder '{folder}': give one with source_data.npy, source_labels.npy, …")
  domains = []
  for role in ("source", "target"):
    files = {"x": folder / f"{role}_data.npy", "y": folder / f"{role}_labels.npy"}
    if role == "target" and not files["y"].exists():
      del files["y"]
    domains.append(_domain(role, *_arrays(files)))
  source, target = domains
  return source, target if target.classes else target._replace(classes=source.classes)


def holdout(n: int, test: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
  """Split 0 … n-1 at random with a fixed seed.

  Returns (training indices, `test` test indices), each ascending.
  """
  order = np.random.default_rng(seed).permutation(n)
  return np.sort(order[test:]), np.sort(order[:test])


def inputs(where: str, x: np.ndarray) -> np.ndarray:
  """Check inputs and convert them to a supported dtype.

  Images are [n, h, w, c] uint8 or float32, and vectors [n, d] float32.

  Args:
    where: what a message calls the array.
    x: [n, h, w], [n, h, w, c] or [n, d].

  Raises:
    ValueError: other dtype or shape, empty, NaN or infinite.
  """
  if x.dtype.kind not in "buif":
    raise ValueError(f"{where} has dtype {x.dtype}: {_PICKLED}, real ones")
  if x.ndim not in (2, 3, 4):
    raise ValueError(
      f"{where} has shape {x.shape}: give images [n, h, w] or [n, h, w, c], or vectors [n, d]"
    )
  if x.size == 0:
    raise ValueError(f"{where} is empty (shape {x.shape}): give at least one example")
  if x.ndim == 3:
    x = x[..., None]
  if x.ndim == 4 and x.dtype == np.uint8:
    return x
  if x.ndim == 4 and x.dtype.kind != "f":
    raise ValueError(f"{where} has images of dtype {x.dtype}: convert them to uint8 or float32")
  with np.errstate(over="ignore"):
    x = x.astype(np.float32)
  if not np.isfinite(x).all():
    raise ValueError(f"{where} has NaN or infinite values: remove or replace them")
  return x


def labels(where: str, y: np.ndarray, n: int) -> np.ndarray:
  """Check labels and convert them to [n] int32.

  They are whole numbers of any dtype, [n] or [n, 1].

  Args:
    where: what a message calls the array.
    y: the labels.
    n: how many examples there are.

  Raises:
    ValueError: other shape or number, not whole, negative.
  """
  if y.dtype.kind not in "uif":
    raise ValueError(f"{where} has dtype {y.dtype}: number the classes 0, 1, 2, … as integers")
  if y.ndim == 2 and y.shape[1] == 1:
    y = y[:, 0]
  if y.ndim != 1:
    raise ValueError(f"{where} has shape {y.shape}: give one integer label an example, shape [n]")
  if len(y) != n:
    raise ValueError(f"{where} has {len(y)} labels for {n} examples: give one for each")
  if y.dtype.kind == "f" and not (np.isfinite(y) & (y == np.trunc(y))).all():
    raise ValueError(f"{where} has labels that are not integers: number the classes 0, 1, 2, …")
  if (y < 0).any():
    raise ValueError(f"{where} has negative labels ({y.min()}): number the classes 0, 1, 2, …")
  if float(y.max(initial=0)) >= MOST_CLASSES:
    raise ValueError(
      f"{where} has labels up to {y.max()}, more than {MOST_CLASSES}: number the classes 0, 1, 2, …"
    )
  return y.astype(np.int32)


def _check_there(path: Path) -> None:
  if not path.is_file():
    raise ValueError(f"no file '{path}': check the path, or write it with numpy.save or savez")


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
  """Explain how to mend a file that cannot be read."""
  try:
    yield
  except npy.Pickled as error:
    raise ValueError(f"{path} holds Python objects: {_PICKLED}") from error
  except (npy.Damaged, OSError) as error:
    raise ValueError(
      f"{path} is not a readable .npz or .npy file: write it with numpy.savez or numpy.save "
      f"({error})"
    ) from error


def _check_names(path: Path, found: Sequence[str]) -> None:
  """Check that an .npz file has the expected array names.

  Refused are files without x, with others than x, y, x_test, y_test, or with half a split.
  """
  if "x" not in found or set(found) - set(_NAMES):
    raise ValueError(
      f"{path} has the arrays {', '.join(sorted(found))[:200] or '(none)'}: "
      "name them x and, optionally, y, x_test, y_test, features"
    )
  if "y_test" in found and "x_test" not in found:
    raise ValueError(f"{path} has y_test but no x_test: add it, or drop y_test")
  if "x_test" in found and "y" in found and "y_test" not in found:
    raise ValueError(f"{path} has x_test but no y_test: add its labels, or drop x_test")


def _arrays(files: dict[str, Path]) -> tuple[dict[str, np.ndarray], dict[str, str]]:
  """Read one array per .npy file, with names for messages."""
  arrays = {}
  for name, path in files.items():
    _check_there(path)
    with _readable(path):
      if npy.is_archive(path):
        raise ValueError(f"{path} is an .npz archive: save the one array with numpy.save")
      arrays[name] = npy.read(path)
  return arrays, {name: str(path) for name, path in files.items()}


def _member(path: Path, array: Callable[[str], np.ndarray], name: str) -> np.ndarray:
  """One array of an .npz file."""
  try:
    return array(name)
  except npy.Pickled as error:
    raise ValueError(f"{path} {name} holds Python objects: {_PICKLED}") from error
  except npy.Damaged as error:
    if "not a NumPy array" in str(error):
      raise ValueError(
        f"{path} {name} is not a NumPy array: write the file with numpy.savez"
      ) from error
    raise ValueError(f"{path} {name} is damaged: write the file again ({error})") from error


def _domain(name: str, arrays: dict[str, np.ndarray], where: dict[str, str]) -> Domain:
  """Build a domain from the arrays x, y, x_test and y_test.

  Those that there are get checked. Where x_test is absent, x is split.
  """
  x = inputs(where["x"], arrays["x"])
  y = labels(where["y"], arrays["y"], len(x)) if "y" in arrays else None
  if "x_test" in arrays:
    x_test = inputs(where["x_test"], arrays["x_test"])
    if x_test.shape[1:] != x.shape[1:] or x_test.dtype != x.dtype:
      raise ValueError(
        f"{where['x_test']} has examples of {x_test.dtype} {x_test.shape[1:]}, but x of {x.dtype} "
        f"{x.shape[1:]}: make them alike"
      )
    y_test = None
    if "y_test" in arrays:
      y_test = labels(where["y_test"], arrays["y_test"], len(x_test))
    train, test = Split(x, y), Split(x_test, y_test)
  else:
    first, second = stratified(np.zeros(len(x)) if y is None else y)
    train, test = (Split(x[rows], None if y is None else y[rows]) for rows in (first, second))
  known = [part.y for part in (train, test) if part.y is not None]
  count = 1 + max((int(part.max()) for part in known), default=-1)
  return Domain(name, train, test, tuple(str(k) for k in range(count)))
