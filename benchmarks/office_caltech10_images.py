"""Office-Caltech10 on images: 10 classes, four domains, 12 pairs, ResNet-50.

Untried here for want of a GPU.
"""

import sys

from adapt import cli
from adapt.experiments.suite import PHOTOS, Suite, pairs

SUITE = Suite(
  name="office_caltech10_images",
  tasks=pairs("office_caltech10_", ("amazon", "caltech", "dslr", "webcam")),
  settings=PHOTOS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those "
    "target images; 224 pixels cut from 256, last iterate, no target label anywhere"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
