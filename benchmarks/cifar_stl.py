"""CIFAR-10 and STL-10: the nine classes they share, 32×32 pixels, both ways."""

import sys

from adapt import cli
from adapt.experiments.suite import IMAGES, Suite, Task, row

_VADA = "Shu et al. (2018, arXiv:1802.08735), Table 1, no instance normalisation"
_TUNED = "their own CNN; four hyper-parameters tuned on 1,000 labelled target examples"
_PAIRS = ("cifar_stl", "stl_cifar")

SUITE = Suite(
  name="cifar_stl",
  tasks=(Task("cifar_stl", ("cifar9",), "stl9"), Task("stl_cifar", ("stl9",), "cifar9")),
  settings=IMAGES._replace(model="dtn", steps=10000),
  protocol=(
    "source training images with labels, target training images without, accuracy on the target's "
    "test images; nine shared classes, STL resized from 96 to 32 pixels, no augmentation, last iterate"
  ),
  reported=(
    row("Source-only", "source_only", _VADA, _TUNED, _PAIRS, "76.3 63.6"),
    row("VADA", "vada", _VADA, _TUNED, _PAIRS, "80.0 73.5"),
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
