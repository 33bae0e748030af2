"""Heart disease: four hospitals, 12 pairs and three hospitals to one; tables with missing cells.

The hospitals differ in more than their share of ill patients, which is 36 to 94 %: p(x | y) differs too, so
the assumption of label shift does not hold. Class weights by it (bbse, rlls, mlls) can lower balanced
accuracy: the estimated priors are then often near 0 or 1, which is warned of. Switzerland has 8 healthy
patients, so every score on it or from it is noisy. Ranking survives a change of hospital better than
a threshold does: AUROC is the main measure, balanced accuracy stands beside it.

python -m benchmarks.heart source_only target_only coral dan dann cdan mcc shot bnm --seeds 3 --out results
"""

import sys

from adapt import cli
from adapt.data.named.hospitals import HOSPITALS
from adapt.experiments.suite import Suite, others, pairs
from adapt.training.settings import Settings

# The default critic, 1,024 units twice, has fifty times the parameters of this network.
CRITIC = {"width": 64, "depth": 1}

SUITE = Suite(
  name="heart",
  tasks=(*pairs("heart_", HOSPITALS), *others("heart_", HOSPITALS)),
  settings=Settings(
    model="mlp", steps=500, batch_size=32, lr=0.03, weight_decay=0.001, evaluations=5
  ),
  protocol=(
    "half of each hospital's patients of each class for training (the target's without labels), "
    "AUROC on the target's other half, last iterate; missing cells take the source's median and have a "
    "column of their own, as have categories; numbers are standardised by the source"
  ),
  defaults={"dann": CRITIC, "cdan": CRITIC},
  measure="auroc",
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
