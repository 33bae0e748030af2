"""Office-Home of which the source has 25 classes, the first in alphabetical order; the rest is unknown.

The protocol of Liu et al. (2019, CVPR, STA); else as in `benchmarks/office_home.py`, untried too.
"""

import sys

from adapt import cli
from adapt.data.label_sets import ClassSets
from adapt.experiments.suite import Suite
from benchmarks import office_home

SETS = ClassSets(shared=25, target_private=40)

SUITE = Suite(
  name="office_home_open",
  tasks=tuple(task._replace(classes=SETS) for task in office_home.TASKS),
  settings=office_home.SUITE.settings,
  protocol=(
    "transductive: all source images of the first 25 classes with labels, all target images "
    "of all 65 without, the other 40 as one unknown class, H-score on those target images; "
    "224 pixels cut from 256, last iterate, no target label anywhere"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
