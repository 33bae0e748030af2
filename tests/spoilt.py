"""Six ways to spoil an array that is kept on disk."""

import os

import numpy as np


def plain(path, array):
  with path.open("wb") as stream:
    np.save(stream, array)


# Ways to spoil a kept array, by what each is called.
SPOILT = {
  "cut": lambda path, other: os.truncate(path, path.stat().st_size // 2),
  "emptied": lambda path, other: path.write_bytes(b""),
  "half": lambda path, other: plain(path, np.load(path)[:5]),
  "zeros": lambda path, other: plain(path, np.zeros_like(np.load(path))),
  "dtype": lambda path, other: plain(path, np.load(path).astype(np.float64)),
  "swapped": lambda path, other: path.write_bytes(other.read_bytes()),
}
