"""Heart disease with planted label shift: two halves of one hospital, resampled to known priors.

Cleveland and the Hungarian hospital, each split into two halves of different patients, of which
patients are left out until 10 to 90 % are ill. Unlike between hospitals (suite heart), p(x | y) is the same
by construction, which is what bbse, rlls and mlls assume. Weights pay where the source is skewed and
the target is not; towards a skewed target they gain accuracy at the price of balanced accuracy.

Of a skewed source a classifier decides for one class alone, and its confusion matrix of decisions is
singular: bbse refuses, rlls warns and keeps the source's share. Of probabilities (--weights-soft) there is
a matrix to invert. With 58 to 134 patients a side a prior is estimated to about 0.1; a record has it
(`weighted_shares`).

python -m benchmarks.heart_shift source_only target_only coral dann mcc shot bnm --seeds 3 --out results
python -m benchmarks.heart_shift source_only --weights mlls --seeds 3 --out results
python -m benchmarks.heart_shift source_only --weights rlls --weights-soft --seeds 3 --out results
"""

import sys

from adapt import cli
from adapt.experiments.suite import Suite, Task
from benchmarks import heart

_PRIORS = ((10, 50), (90, 50), (10, 90), (90, 10), (30, 70), (70, 30))

SUITE = Suite(
  name="heart_shift",
  tasks=tuple(
    Task(f"{h}_{s}_{t}", (f"heart_{h}_source_{s}",), f"heart_{h}_target_{t}")
    for h in ("cleveland", "hungarian")
    for s, t in _PRIORS
  ),
  settings=heart.SUITE.settings,
  protocol=(
    "labelled patients of one half of a hospital, all patients of the other half without labels, "
    "balanced accuracy on the latter; both halves resampled to planted shares of ill patients; "
    "cells as in the suite heart"
  ),
  defaults=heart.SUITE.defaults,
  measure="balanced_accuracy",
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
