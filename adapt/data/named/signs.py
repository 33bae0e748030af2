"""Traffic signs, synthetic (Moiseev et al., 2013) and GTSRB.

They have 43 classes at 40x40. GTSRB has photographs.

Papers cut the two sets in different ways (DANN's, arXiv:1505.07818, takes 31367 random training
images of GTSRB as target and tests on the others). Here GTSRB has its published test set, and a
fixed tenth of the synthetic signs is theirs.
"""

import os
from collections.abc import Callable

import numpy as np

from adapt.data import prepared
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split
from adapt.data.splits import stratified

DataDir = str | os.PathLike | None


def gtsrb(data_dir: DataDir) -> Domain:
  """GTSRB [40, 40, 3]: 39209 training and 12630 test images.

  The signs are cut out at their boxes.
  """

  def read(split: str) -> Split:
    x, y = prepared.arrays("gtsrb", split, data_dir)
    return Split(x, y.astype(np.int32))

  return Domain("gtsrb", read("train"), read("test"), class_names.SIGNS)


def syn_signs(data_dir: DataDir) -> Domain:
  """Synthetic signs [40, 40, 3]: 90000 training and 10000 test images.

  The split is fixed and stratified.

  The release has all 100000 in one list.
  """
  x, y = prepared.arrays("syn_signs", "train", data_dir)
  y = y.astype(np.int32)
  train, test = (Split(x[rows], y[rows]) for rows in stratified(y, fraction=0.1))
  return Domain("syn_signs", train, test, class_names.SIGNS)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {"gtsrb": gtsrb, "syn_signs": syn_signs}
