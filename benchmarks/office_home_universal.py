"""Office-Home with 10 shared classes, 5 of the source alone and 50 of the target alone.

The protocol of You et al. (2019, CVPR, UAN): classes in alphabetical order; else as in
`benchmarks/office_home.py`, untried too.
"""

import sys

from adapt import cli
from adapt.data.label_sets import ClassSets
from adapt.experiments.suite import Suite
from benchmarks import office_home

SETS = ClassSets(shared=10, source_private=5, target_private=50)

SUITE = Suite(
  name="office_home_universal",
  tasks=tuple(task._replace(classes=SETS) for task in office_home.TASKS),
  settings=office_home.SUITE.settings,
  protocol=(
    "transductive: all source images of the first 15 classes with labels, all target images "
    "of the first 10 and the last 50 without, those 50 as one unknown class, H-score on those"
    " target images; 224 pixels cut from 256, last iterate, no target label anywhere"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
