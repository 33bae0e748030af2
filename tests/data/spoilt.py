"""Six ways in which an array that is kept on disk comes to be another than was kept.

Each takes the array's path and another array's. Files are replaced, as who has one mapped reads on.
"""

import io

import numpy as np


def _replace(path, content):
  path.unlink()
  path.write_bytes(content)


def _as(change):
  def spoil(path, other):
    buffer = io.BytesIO()
    np.save(buffer, change(np.load(path)))
    _replace(path, buffer.getvalue())

  return spoil


def _swap(path, other):
  """Another array in its place, with that one's digest."""
  _replace(path, other.read_bytes())
  digest = "." + "{}" + ".digest"
  beside = other.with_name(digest.format(other.name))
  _replace(path.with_name(digest.format(path.name)), beside.read_bytes())


SPOILT = {
  "cut": lambda path, other: _replace(path, path.read_bytes()[: path.stat().st_size * 2 // 3]),
  "emptied": lambda path, other: _replace(path, b""),
  "half": _as(lambda x: x[: len(x) // 2]),
  "zeros": _as(np.zeros_like),
  "dtype": _as(lambda x: x.astype(np.float64)),
  "swapped": _swap,
}
