"""Weights of source examples, computed once and kept on disk.

They are kept for the same examples.
"""

import functools
import hashlib
import time
from pathlib import Path

import numpy as np

from adapt import weights
from adapt.catalogue import Bound
from adapt.data import builders, kept_arrays
from adapt.training import live

_LASTING = 1.0  # seconds; weights that are made faster are not kept


def compute(
  weighting: Bound, code: str | None, xs: np.ndarray, ys: np.ndarray, xt: np.ndarray
) -> np.ndarray:
  """Returns the weights of all source examples, kept or newly computed.

  Args:
    weighting: what weighs them.
    code: digest of its source; None: its weights are not kept.
    xs: source inputs [n, ...], as they lie in the data.
    ys: source labels [n].
    xt: target inputs [m, ...].

  Returns:
    [n] float32, mean 1.
  """
  xs, xt = _flat(xs), _flat(xt)
  with live.weighed_by(weighting.name):
    file = _file(weighting, code, xs, ys, xt)
    if file is not None and (kept := kept_arrays.read(file, file.stem)) is not None:
      return kept
    began = time.perf_counter()
    made: np.ndarray = weighting(xs, ys, xt)
    if file is not None and time.perf_counter() - began >= _LASTING:
      kept_arrays.keep(file, made)
  return made


def _flat(x: np.ndarray) -> np.ndarray:
  scaled = x / np.float32(255) if x.dtype == np.uint8 else x
  return scaled.reshape(len(x), -1).astype(np.float32)


def _file(
  weighting: Bound, code: str | None, xs: np.ndarray, ys: np.ndarray, xt: np.ndarray
) -> Path | None:
  """Where the weights are kept: what tells them from others is in the name."""
  try:
    folder = builders.default_data_dir() / kept_arrays.WEIGHTS
  except ValueError:  # no home folder
    return None
  if code is None:
    return None
  settings = sorted(weighting.arguments.items())
  digest = hashlib.sha256(repr((weighting.name, code, _shared(), settings)).encode())
  for array in xs, ys, xt:
    digest.update(f"{array.shape} {array.dtype}".encode())
    digest.update(np.ascontiguousarray(array).data)
  return folder / f"{digest.hexdigest()[:32]}.npy"


@functools.cache
def _shared() -> str:
  """Digest of the package's own weightings, as one file takes from another."""
  files = sorted(Path(weights.__file__).parent.glob("*.py"))
  return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
