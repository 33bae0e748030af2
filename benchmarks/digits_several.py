"""Digits from several sources: MNIST, USPS, MNIST-M, synthetic digits and SVHN at 32×32 in colour.

The first three tasks need no more than MNIST, USPS and MNIST-M; a task from all the others, as in
Digits-Five, has its target's name. Compare with `source_only` of the same task, which trains on the
pooled sources, and with benchmarks/digits.py, whose MNIST and USPS have another size.
"""

import sys

from adapt import cli
from adapt.experiments.suite import IMAGES, Suite, Task

FIVE = ("mnist_rgb32", "mnist_m", "usps_rgb32", "syn_digits", "svhn")

SUITE = Suite(
  name="digits_several",
  tasks=(
    Task("mnist_usps_to_mnistm", ("mnist_rgb32", "usps_rgb32"), "mnist_m"),
    Task("mnist_mnistm_to_usps", ("mnist_rgb32", "mnist_m"), "usps_rgb32"),
    Task("usps_mnistm_to_mnist", ("usps_rgb32", "mnist_m"), "mnist_rgb32"),
    *(Task(name, tuple(n for n in FIVE if n != name), name) for name in FIVE),
  ),
  settings=IMAGES,
  protocol=(
    "full training sets of all sources with labels, pooled: a batch has as many examples of a "
    "source as chance and its size give it; full target training set without labels, accuracy on "
    "the target's test set, last iterate; 32×32 pixels in three channels, scaled to [-1, 1], no "
    "augmentation; MNIST and USPS resized to 32×32 directly, their grey repeated, so that USPS "
    "digits fill the frame and MNIST digits do not; MNIST-M's digits are MNIST's, training from "
    "training and test from test images"
  ),
  # As in benchmarks/digits.py, so that dann is the same method there and here.
  defaults={"dann": {"ramp": 2.0}},
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
