"""CWRU bearings: 15 faults at four motor loads, 12 pairs, an MLP on log spectra. An easy set.

There is little room, and a gain says little: a logistic regression does as well as most methods here.
Two loads of one bearing are two recordings; the windows of one recording are never on both sides of a
split, as both splits of a load are all of its windows (the transductive protocol). The bound
target_only is therefore fitted on what it is judged on.

python -m benchmarks.bearings source_only target_only coral dan dann mcc shot bnm --seeds 3 --out results
"""

import sys

from adapt import cli
from adapt.data.named.machines import LOADS
from adapt.experiments.suite import Suite, pairs
from adapt.training.settings import Settings
from benchmarks.heart import CRITIC

SUITE = Suite(
  name="bearings",
  tasks=pairs("bearings_", LOADS),
  settings=Settings(
    model="mlp", steps=500, batch_size=64, lr=0.03, weight_decay=0.001, evaluations=2
  ),
  protocol=(
    "all 870 windows of a load with labels, all 870 of another without, accuracy on the latter, last "
    "iterate; log spectra of 1,024 samples about their mean; 15 faults, no healthy bearing"
  ),
  defaults={"dann": CRITIC, "cdan": CRITIC},
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
