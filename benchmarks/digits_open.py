"""Digits with unknown classes: 0 to 4 are shared, the target's 5 to 9 are to be recognised as unknown.

The three pairs and the split of the classes of Saito et al. (2018, arXiv:1804.10427); everything else
is as in `benchmarks/digits.py`. Numbers are H-scores: as high as both the recall of the known digits
and that of the unknown ones.
"""

import sys

from adapt import cli
from adapt.data.label_sets import ClassSets
from adapt.experiments.suite import IMAGES, Suite, Task

SETS = ClassSets(shared=5, target_private=5)

SUITE = Suite(
  name="digits_open",
  tasks=(
    Task("svhn_mnist", ("svhn",), "mnist_rgb32", SETS),
    Task("usps_mnist", ("usps",), "mnist", SETS),
    Task("mnist_usps", ("mnist",), "usps", SETS),
  ),
  settings=IMAGES,
  protocol=(
    "source digits 0 to 4 of the training set with labels; all of the target's training set without, "
    "its digits 5 to 9 being unknown; the target's test set, last iterate; pixels scaled to [-1, 1], "
    "no augmentation; USPS resized to 28×28 directly"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
