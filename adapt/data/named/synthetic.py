"""Synthetic digits [32, 32, 3] (Ganin et al., 2016, arXiv:1505.07818).

They are the source of Syn Digits → SVHN.
"""

import os
from collections.abc import Callable

import numpy as np

from adapt.data import prepared
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split

DataDir = str | os.PathLike | None


def syn_digits(data_dir: DataDir) -> Domain:
  """Synthetic digits [32, 32, 3]: 479400 training and 9553 test images."""

  def read(split: str) -> Split:
    x, y = prepared.arrays("syn_digits", split, data_dir)
    return Split(x, y.astype(np.int32))

  return Domain("syn_digits", read("train"), read("test"), class_names.DIGITS)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {"syn_digits": syn_digits}
