"""Office-Caltech10 as features: SURF (Gong et al., CVPR 2012), DeCAF6 (arXiv:1310.1531).

Both follow the transductive protocol of that literature: a domain's training and test split are all
of its images. A target's inputs are seen in training without their labels, and its accuracy is over
the same images.
"""

import os
from collections.abc import Callable
from functools import partial

import numpy as np

from adapt.data import prepared
from adapt.data.builders import class_names
from adapt.data.domain import Domain, Split

DataDir = str | os.PathLike | None

DOMAIN_NAMES = ("amazon", "caltech10", "dslr", "webcam")


def surf(name: str, data_dir: DataDir) -> Domain:
  """SURF histograms [n, 800] float32, standardised over the domain.

  They count 800 visual words.
  """
  return _transductive("surf", name, data_dir, standardised)


def decaf6(name: str, data_dir: DataDir) -> Domain:
  """DeCAF6 activations [n, 4096] float32, as published."""
  return _transductive("decaf6", name, data_dir, lambda x: x)


def standardised(x: np.ndarray) -> np.ndarray:
  """Normalise rows to sum 1, then standardise columns.

  Columns get mean 0 and standard deviation 1 over these rows.

  The normalisation under which nearest neighbours give the published SURF row: each domain has its
  own mean and (unbiased) deviation. A row without counts has shares 0, a constant column becomes 0.

  Args:
    x: counts or frequencies [n, d], n > 1.

  Returns:
    [n, d] float32.
  """
  x = x.astype(np.float64)
  total = x.sum(1, keepdims=True)
  shares = x / np.where(total == 0, 1, total)
  deviation = shares.std(0, ddof=1)
  constant = np.ptp(shares, axis=0) == 0
  return ((shares - shares.mean(0)) / np.where(constant, np.inf, deviation)).astype(np.float32)


def _transductive(
  kind: str, name: str, data_dir: DataDir, preprocess: Callable[[np.ndarray], np.ndarray]
) -> Domain:
  x, y = prepared.arrays(f"office_caltech10_{kind}/{name}", "train", data_dir)
  split = Split(preprocess(x), y.astype(np.int32))
  return Domain(f"office_caltech10_{kind}_{name}", split, split, class_names.OFFICE_CALTECH10)


DOMAINS: dict[str, Callable[[DataDir], Domain]] = {
  f"office_caltech10_{kind}_{name}": partial(read, name)
  for kind, read in (("surf", surf), ("decaf6", decaf6))
  for name in DOMAIN_NAMES
}
