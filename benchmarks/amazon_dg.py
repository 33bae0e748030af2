"""Amazon reviews with one product domain unseen: three to the fourth.

python -m benchmarks.amazon_dg source_only irm vrex group_dro fishr --seeds 3 --out results

Settings are those of benchmarks/amazon_several.py, whose baselines see no target input either: its published
rows of pooled sources stand here too.
"""

import sys

from adapt import cli
from adapt.experiments.generalisation import leave_one_out
from adapt.experiments.suite import Reported
from benchmarks import amazon_several
from benchmarks.amazon_reviews import DOMAINS

_OURS = leave_one_out(amazon_several.SUITE)


def _renamed(row: Reported) -> Reported:
  named = {f"unseen_{task.removeprefix('to_')}": v for task, v in row.accuracy.items()}
  return row._replace(accuracy=named)


SUITE = _OURS._replace(
  name="amazon_dg",
  tasks=tuple(_OURS.task(f"unseen_{name}") for name in DOMAINS),
  protocol=(
    "leave one product out: three domains' 2,000 labelled reviews each, pooled; of the fourth nothing in "
    "training or selection, accuracy on its test reviews; raw counts, hidden layers of 1,000, 500 and "
    "100 units, last iterate"
  ),
  reported=tuple(
    _renamed(row) for row in amazon_several.SUITE.reported if row.beside == "source_only"
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
