"""Read a user's .npz or .npy files as domains."""

import contextlib
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import group_column, multi_labels, npy, pixel_labels, ragged, rounding, sparse
from adapt.data.array_names import chosen, column_names, unused
from adapt.data.class_labels import Labels, numbered
from adapt.data.domain import Domain, Split
from adapt.data.splits import stratified
from adapt.data.value_labels import valued

_NAMES = ("x", "y", "x_test", "y_test", "features", *ragged.LENGTHS.values())
_PICKLED = "write plain arrays of numbers (no objects, no pickle)"


def read_npz(path: str | os.PathLike, output: str = "classes", groups: str = "") -> Domain:
  """Read a domain from an .npz file.

  It has `x`, and optionally `y`, `x_test`, `y_test` and `features`, or arrays of other usual names
  (see `array_names`); series of several lengths have `lengths` and `lengths_test` (see
  `ragged.of_lengths`). Or it is a matrix of scipy.sparse.save_npz with labels in
  `<stem>_labels.npy`.

  Without `x_test`, a fixed fifth of each class is the test split. Without `y` the domain is a
  target whose labels are unknown.

  Args:
    path: the file. Images [n, h, w] or [n, h, w, c], uint8 or float; vectors [n, d]; labels [n];
      names of the vectors' columns [d].
    output, groups: see `Reading`; values are [n] or [n, d].

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
      rest = [n for n in found if n not in (groups, f"{groups}_test")]
      arrays, notes = _chosen(path, rest, lambda name: _member(path, array, name))
      names = arrays.pop("features", None)
      made = domain(path.stem, arrays, {name: f"{path} {name}" for name in _NAMES}, output)
      made = group_column.of_arrays(path, groups, found, array, made)
  made = made._replace(notes=(*notes, *made.notes))
  return (
    made if names is None else made._replace(features=column_names(path, names, made.train.x.shape))
  )


def _chosen(
  path: Path, found: Sequence[str], array: Callable[[str], np.ndarray]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
  """The arrays of an .npz file by the names in _NAMES, and what to tell of them."""
  notes: tuple[str, ...] = ()
  if set(found) >= sparse.MEMBERS:
    arrays = {"x": sparse.read(path, {name: array(name) for name in found})}
    beside = path.with_name(f"{path.stem}_labels.npy")
    if beside.exists():
      arrays |= _arrays({"y": beside})[0]
  elif set(found) <= set(_NAMES) and "x" in found:
    arrays = {name: array(name) for name in found}
  else:
    lengths = [name for name in ragged.LENGTHS.values() if name in found]
    arrays = {**chosen(path, found, array), **{name: array(name) for name in lengths}}
    notes = unused(path, set(found) - set(lengths))
  _check_halves(path, arrays)
  return arrays, notes


def read_npy(path: str | os.PathLike, output: str = "classes") -> Domain:
  """Read a domain from an .npy file of inputs.

  Known labels are in `<stem>_labels.npy` beside it.

  Args:
    path: the file of inputs. Shapes, dtypes and split as in `read_npz`.
    output: as there.

  Raises:
    ValueError: one line that names the file and the remedy, for anything that is not so.
  """
  path = Path(path)
  where = {"x": path, "y": path.with_name(f"{path.stem}_labels.npy")}
  if not where["y"].exists():
    del where["y"]
  return domain(path.stem, *_arrays(where), output)


def read_features(path: str | os.PathLike, output: str = "classes") -> Domain:
  """Read a domain of network features.

  The file is as for `read_npz`. Raises ValueError for images.
  """
  if Path(path).suffix.lower() != ".npz":
    raise ValueError(f"features:{path} is not an .npz file: write one with arrays x and y")
  found = read_npz(path, output)
  if found.train.x.ndim != 2:
    raise ValueError(
      f"features:{path} has images of shape {found.train.x.shape[1:]}: give vectors [n, d], or "
      "drop 'features:'"
    )
  return found


def read_folder(folder: str | os.PathLike, output: str = "classes") -> tuple[Domain, Domain]:
  """The source and target of a folder of .npy files.

  The files are source_data.npy, source_labels.npy, target_data.npy and, optionally,
  target_labels.npy; a fixed fifth of each class is its domain's test split.

  Args:
    folder: the folder. Shapes and dtypes as in `read_npz`.
    output: as there.

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
    domains.append(domain(role, *_arrays(files), output))
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


def _check_halves(path: Path, found: Collection[str]) -> None:
  """Refuse half a test split."""
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
    raise ValueError(
      f"{path} {name} holds Python objects: {_PICKLED}; series of several lengths as rows x "
      "[sum t, c] and lengths [n]"
    ) from error
  except npy.Damaged as error:
    if "not a NumPy array" in str(error):
      raise ValueError(
        f"{path} {name} is not a NumPy array: write the file with numpy.savez"
      ) from error
    raise ValueError(f"{path} {name} is damaged: write the file again ({error})") from error


def domain(
  name: str, arrays: dict[str, np.ndarray], where: dict[str, str], output: str = "classes"
) -> Domain:
  """Build a domain from the arrays x, y, x_test and y_test.

  Those that there are get checked. Where x_test is absent, x is split.

  Args:
    name: the domain's.
    arrays: by name; x is there.
    where: what messages call them, by the same names.
    output: what y and y_test are, see `Reading`.

  Raises:
    ValueError: one line that names the array and the remedy.
  """
  x = _series_or_inputs("x", arrays, where)
  sizes = {"y": len(x)}
  if "x_test" in arrays:
    x_test = _series_or_inputs("x_test", arrays, where)
    shapes = [a.shape[2 if "lengths" in arrays else 1 :] for a in (x, x_test)]
    if shapes[0] != shapes[1] or ("lengths" not in arrays and x_test.dtype != x.dtype):
      raise ValueError(
        f"{where['x_test']} has examples of {x_test.dtype} {x_test.shape[1:]}, but x of {x.dtype} "
        f"{x.shape[1:]}: make them alike"
      )
    sizes["y_test"] = len(x_test)
  given = [name for name in sizes if name in arrays]
  known: tuple[np.ndarray, ...] = ()
  classes: tuple[str, ...] = ()
  notes: tuple[str, ...] = ()
  if output == "values":
    known = tuple(valued(where[y], arrays[y], sizes[y]) for y in given)
  elif output == "pixels":
    beside = {"y": x, "y_test": x_test if "x_test" in arrays else x}
    known = tuple(pixel_labels.masks(f"the masks {where[y]}", arrays[y], beside[y]) for y in given)
    classes = pixel_labels.numbered(known) if known else ()
  elif given:
    parts = [Labels(where[y], arrays[y], sizes[y]) for y in given]
    known, classes, notes = (numbered if output == "classes" else multi_labels.of_parts)(parts)
  y = (by_name := dict(zip(given, known, strict=True))).get("y")
  if "x_test" in arrays:
    train, test = Split(x, y), Split(x_test, by_name.get("y_test"))
    places = np.arange(len(x) + len(x_test))
  else:
    rows = stratified(np.zeros(len(x)) if y is None else y)
    train, test = (Split(x[of], None if y is None else y[of]) for of in rows)
    places = np.concatenate(rows)
  # Lengths say that these are series, where all are one length as well.
  kind = "series" if "lengths" in arrays else ""
  notes = (*rounding.notes(where["x"], arrays["x"]), *notes)
  return Domain(
    name, train, test, classes, kind, notes=notes, places=places, held_out="x_test" not in arrays
  )


def _series_or_inputs(name: str, arrays: dict[str, np.ndarray], where: dict[str, str]) -> Any:
  found = ragged.of_file(name, arrays, where)
  return inputs(where[name], arrays[name]) if found is None else found
