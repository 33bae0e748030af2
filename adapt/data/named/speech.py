"""Spoken digits (Free Spoken Digit Dataset): a domain per speaker.

The inputs are log-mel series [32, 40].
"""

import os
from collections.abc import Callable
from functools import partial

import numpy as np

from adapt.data import prepared
from adapt.data.domain import Domain, Split

DataDir = str | os.PathLike | None

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")


def speaker(name: str, data_dir: DataDir) -> Domain:
  """A speaker's digits [n, 32, 40, 1] float32, standardised per recording."""

  def read(split: str) -> Split:
    x, y = prepared.arrays(f"spoken_digits/{name}", split, data_dir)
    return Split(standardised(x)[..., None], y.astype(np.int32))

  digits = tuple(map(str, range(10)))
  return Domain(f"spoken_{name}", read("train"), read("test"), digits, "series")


def standardised(x: np.ndarray) -> np.ndarray:
  """Standardise each recording [n, t, c] over its cells.

  The mean is 0 and the deviation 1.
  """
  x = x - x.mean(axis=(1, 2), keepdims=True)
  found: np.ndarray = x / np.maximum(x.std(axis=(1, 2), keepdims=True), 1e-6)
  return found


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  f"spoken_{name}": partial(speaker, name) for name in SPEAKERS
}
