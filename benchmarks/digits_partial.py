"""Digits of which the target has half: all ten in the source, 0 to 4 in the target.

The pairs and the settings of `benchmarks/digits.py`; which digits are absent is chosen here, as the
first five, and compares with no published table.
"""

import sys

from adapt import cli
from adapt.data.label_sets import ClassSets
from adapt.experiments.suite import IMAGES, Suite, Task

SETS = ClassSets(shared=5, source_private=5)

SUITE = Suite(
  name="digits_partial",
  tasks=(
    Task("svhn_mnist", ("svhn",), "mnist_rgb32", SETS),
    Task("usps_mnist", ("usps",), "mnist", SETS),
    Task("mnist_usps", ("mnist",), "usps", SETS),
  ),
  settings=IMAGES,
  protocol=(
    "all source digits of the training set with labels, the target's digits 0 to 4 of its training "
    "set without, accuracy on those of its test set among all ten, last iterate; pixels scaled to "
    "[-1, 1], no augmentation; USPS resized to 28×28 directly"
  ),
  # As in digits.py.
  defaults={"dann": {"ramp": 2.0}, "pada": {"ramp": 2.0}},
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
