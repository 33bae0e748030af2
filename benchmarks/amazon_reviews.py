"""Amazon reviews: sentiment over four product domains, 12 pairs, 5000 unigram and bigram counts.

Twelve methods on all pairs with five seeds take about 15 minutes on two CPU cores.
"""

import sys

from adapt import cli
from adapt.experiments.suite import VECTORS, Reported, Suite, Task, row

DOMAINS = ("books", "dvd", "electronics", "kitchen")
PAIRS = [(s, t) for s in DOMAINS for t in DOMAINS if s != t]

_PAPER = "Ganin et al., JMLR 17 (2016), Table 1, original data representation"
_SAME = "same 2,000 + 2,000 training reviews and test reviews; "
_NETWORKS = "50 hidden units, early stopping on 10 % of the labelled source"
_TRIED = (
  "not explained; the paper's own network, start, early stopping and search for λ (suite amazon_paper) "
  "leave nearly as many apart"
)
_C = (
  "the paper does not say its C: with scikit-learn's LinearSVC and C = 0.03 on every pair ten of twelve "
  "agree to less than a point, dvd_kitchen's is the number of C = 0.5, electronics_books's of none tried"
)


def _reported(
  label: str, beside: str, percents: str, how: str = _NETWORKS, cause: str = _TRIED
) -> Reported:
  names = [f"{s}_{t}" for s, t in PAIRS]
  return row(label, beside, _PAPER, _SAME + how, names, percents, cause)


SUITE = Suite(
  name="amazon_reviews",
  tasks=tuple(Task(f"{s}_{t}", (f"amazon_{s}",), f"amazon_{t}") for s, t in PAIRS),
  settings=VECTORS._replace(evaluations=5),
  protocol=(
    "2,000 labelled source reviews, the target's 2,000 training reviews without labels, accuracy on "
    "the target's test reviews; raw counts, one hidden layer of 100 sigmoid units, last iterate, "
    "no target label anywhere"
  ),
  # Linear critic (section 5.1 of the paper); λ of its reference code for this table. Other methods
  # with that critic take the same; all others are as their papers have them.
  defaults={m: {"depth": 0, "weight": 0.1} for m in ("dann", "cdan", "bsp", "pada", "iwan")},
  reported=(
    _reported("NN", "source_only", "79.0 74.7 77.8 72.0 73.2 77.8 70.9 73.3 85.4 70.8 73.9 84.1"),
    _reported("DANN", "dann", "78.4 73.3 77.9 72.3 75.4 78.3 71.3 73.8 85.4 70.9 74.0 84.3"),
    _reported(
      "SVM", "svm", "79.9 74.8 76.9 74.3 74.8 74.6 70.5 72.6 84.7 70.7 73.6 84.2", "linear SVM", _C
    ),
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
