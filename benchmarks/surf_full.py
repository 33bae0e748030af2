"""CORAL's Table 3: shallow alignment on Office-Caltech10 SURF, all source images labelled, 12 pairs.

python -m benchmarks.surf_full --out results

Runs all methods, 5 choices of folds each, in about 7 minutes on two CPU cores.

The published rows are what released code gives, which is not what the paper says of it:
- without adaptation: an SVM with libsvm's default, a Gaussian kernel (`svm_rbf` gives that row), where
  a linear SVM is far better (`source_only`);
- aligned: an SVM on inner products of a mapped with an unmapped source example, which no map of both
  gives (`coral_similarity` is CORAL's row, but where the folds choose another C);
- SA and GFK: the paper does not say the subspaces' dimension. SA's row is that of 10
  (`sa_similarity-dim=10`) and GFK's near it (`gfk-dim=10`); 80 and 20, which the methods' own
  released scripts take, are better.
TCA's row is below all that this one gives, and nothing is said of its kernel or dimension. That code
divides by population deviations, which moves an image or two in a thousand.
"""

import sys

from adapt.cli.shallow import main
from adapt.experiments.suite import VECTORS, Suite, row
from adapt.shallow.run import Plan, Shallow
from benchmarks.office_caltech10 import DOMAINS
from benchmarks.office_caltech10 import SUITE as FEATURES

METHODS = {
  "source_only": Shallow(),
  "svm_rbf": Shallow(classifier="rbf"),
  "nn": Shallow(classifier="nn"),
  "coral": Shallow("coral"),
  "coral_similarity": Shallow("coral", "similarity"),
  "sa": Shallow("sa"),
  "sa_similarity": Shallow("sa", "similarity"),
  "sa_similarity-dim=10": Shallow("sa", "similarity", {"dim": 10}),
  "gfk": Shallow("gfk"),
  "gfk-dim=10": Shallow("gfk", given={"dim": 10}),
  "tca": Shallow("tca"),
}


def names(pairs: str) -> list[str]:
  """Task names of pairs such as "AC AD"."""
  return [f"surf_{DOMAINS[pair[0]]}_{DOMAINS[pair[1]]}" for pair in pairs.split()]


SUN_ORDER = names("AC AD AW CA CD CW DA DC DW WA WC WD")
_WANG_ORDER = names("CA CW CD AC AW AD WC WA WD DC DA DW")
_SUN = "Sun et al. (2016, arXiv:1511.05547), Table 3"
_SUN_PROTOCOL = "all source images labelled, z-scored features, SVM of the released code"
_WANG = "Wang, transfer-learning benchmark (data/benchmark.md)"
_WANG_PROTOCOL = "all source images labelled, nearest neighbour"

_SUN_ROWS = {
  ("NA", "svm_rbf"): "41.7 44.6 31.9 53.1 47.8 41.7 26.2 26.4 52.5 27.6 21.2 78.3",
  ("SA", "sa_similarity-dim=10"): "37.4 36.3 39.0 44.9 39.5 41.0 32.9 34.3 65.1 34.4 31.0 62.4",
  ("GFK", "gfk-dim=10"): "41.9 41.4 41.4 56.0 42.7 45.1 38.7 36.5 74.6 31.9 27.5 79.6",
  ("TCA", "tca"): "35.2 39.5 29.5 46.8 52.2 38.6 36.2 30.1 71.2 32.2 27.9 74.5",
  ("CORAL", "coral_similarity"): "45.1 39.5 44.4 52.1 45.9 46.4 37.7 33.8 84.7 36.0 33.7 86.6",
}
_CAUSES = {
  "GFK": "the dimension is not published; 10 is the nearest of those tried (10, 20)",
  "TCA": "not explained: kernel and dimension are not published, and none tried is as low",
} | dict.fromkeys(
  ("NA", "SA", "CORAL"), "an image or two, by population deviations, and another C where folds tie"
)
_NEAREST = "23.7 25.8 25.5 26 29.8 25.5 19.9 23 59.2 26.3 28.5 63.4"

SUITE = Suite(
  name="surf_full",
  tasks=tuple(t for t in FEATURES.tasks if t.name.startswith("surf_")),
  settings=VECTORS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those; "
    "counts divided by their sum, each column z-scored per domain; linear SVM unless the name says "
    "otherwise, its C the best of two-fold cross-validation on the source; a seed is a choice of folds"
  ),
  reported=(
    *(
      row(*who, _SUN, _SUN_PROTOCOL, SUN_ORDER, text, _CAUSES[who[0]])
      for who, text in _SUN_ROWS.items()
    ),
    row("1NN", "nn", _WANG, _WANG_PROTOCOL, _WANG_ORDER, _NEAREST),
  ),
)

PLAN = Plan(SUITE, METHODS, 5)

if __name__ == "__main__":
  sys.exit(main(PLAN))
