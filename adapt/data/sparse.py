"""Read sparse matrices as dense arrays, as far as memory holds them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from adapt.data import npy

MEMBERS = frozenset({"data", "shape", "format"})  # what scipy.sparse.save_npz always writes


def dense(path: Path | str, matrix: Any) -> np.ndarray:
  """A sparse matrix as an array [n, d] float32.

  It must fit in memory.
  """
  size, most = math.prod(matrix.shape) * np.dtype(np.float32).itemsize, npy.memory()
  if size > most:
    raise ValueError(
      f"{path} is {size / 2**30:.0f} GiB when dense, more than the {most / 2**30:.0f} GiB of memory: "
      "keep fewer columns"
    )
  return np.asarray(matrix.astype(np.float32).toarray())


def read(path: Path, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
  """The matrix that scipy.sparse.save_npz has written, as an array [n, d] float32."""
  from scipy import sparse as of

  form = str(arrays["format"].item(), "ascii", "replace")
  if form not in ("csr", "csc"):
    raise ValueError(f"{path} is a sparse matrix of format {form}: write it as csr (x.tocsr())")
  make = of.csr_matrix if form == "csr" else of.csc_matrix
  try:
    shape = tuple(map(int, arrays["shape"]))
    matrix = make((arrays["data"], arrays["indices"], arrays["indptr"]), shape=shape)
    matrix.check_format(full_check=True)
  except (ValueError, TypeError, KeyError, OverflowError) as error:
    raise ValueError(f"{path} is a damaged sparse matrix ({error}): write it again") from error
  return dense(path, matrix)
