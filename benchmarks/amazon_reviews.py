"""Amazon reviews: sentiment over four product domains, 12 pairs, 5000 unigram and bigram counts.

Of rows far below `source_only` (results/tables/amazon_reviews.md) these were the causes where one was looked
for, on books_dvd or books_electronics with one or two seeds. No record of it was kept; each can be run:

- `aad`, `nrc`, `adda`: the suite's one learning rate is too high, as they go on from the source model
  (`--sweep lr=0.0003,0.003,0.03`).
- `pseudo_label`, `entropy`, `fixmatch`: the weight, as with two classes the term is least where all are of
  one (`--weight 0.03`).
- `vada`, `dirt_t`: the radius, which is that of images of 32×32 pixels (`--sweep radius=0.1,0.5,3.5`).
- `mdd-depth=0`, `mcd-depth=0` have two linear heads, which is not the methods: the row `mdd` has the
  authors' depth.
"""

import sys

from adapt import cli
from adapt.experiments.suite import VECTORS, Reported, Suite, Task, row

DOMAINS = ("books", "dvd", "electronics", "kitchen")
PAIRS = [(s, t) for s in DOMAINS for t in DOMAINS if s != t]

_PAPER = "Ganin et al., JMLR 17 (2016), Table 1, original data representation"
_CMD = "Zellinger et al. (2017, arXiv:1702.08811), Table 1"
_CMD_HOW = (
  "10 shuffles, 50 sigmoid units, Adagrad; CMD of five moments at weight 1, MMD's weight and kernel by "
  "reverse validation"
)
_CMD_ROWS = {
  ("Source Only", "source_only"): "78.7 71.4 74.5 74.6 72.4 76.5 71.1 71.9 84.4 69.9 73.4 83.3",
  ("MMD", "dan"): "79.6 75.8 78.7 78.0 76.6 79.6 73.3 74.8 85.7 74.0 76.3 84.4",
  ("CMD", "cmd"): "80.5 78.7 81.3 79.5 79.7 83.0 74.4 76.3 86.0 75.6 77.5 85.4",
  ("VFAE", "vfae"): "79.9 79.2 81.6 75.5 78.6 82.2 72.7 76.5 85.0 72.0 73.3 83.8",
}
_CMD_CAUSES = {"VFAE": "not run: the method is not here"}
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
    *(
      row(*who, _CMD, _CMD_HOW, [f"{s}_{t}" for s, t in PAIRS], text, _CMD_CAUSES.get(who[0], ""))
      for who, text in _CMD_ROWS.items()
    ),
  ),
)

if __name__ == "__main__":
  sys.exit(cli.benchmark(SUITE))
