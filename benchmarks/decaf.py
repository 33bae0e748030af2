"""The classical family on Office-Caltech10 DeCAF6, beside the benchmark that prints its rows, 12 pairs.

python -m benchmarks.decaf --out results

As benchmarks/surf.py, on other features: untried, as they are not at hand; `adapt data prepare
office_caltech10_decaf6` says where they come from. SCA is not among our methods, and the networks of
that table are images' (AlexNet fine-tuned).
"""

import sys

from adapt.cli.shallow import main
from adapt.experiments.suite import VECTORS, Suite, row
from adapt.shallow.run import Plan, Shallow
from benchmarks.office_caltech10 import DOMAINS
from benchmarks.office_caltech10 import SUITE as FEATURES

METHODS = {
  "nn": Shallow(classifier="nn"),
  "svm_rbf": Shallow(classifier="rbf"),
  "pca-dim=30": Shallow("pca", "nn", {"dim": 30}),
  "jda-dim=30-iterations=1": Shallow("jda", "nn", {"dim": 30, "iterations": 1}),
  "gfk": Shallow("gfk", "nn"),
  "jda-dim=30": Shallow("jda", "nn", {"dim": 30}),
  "coral_similarity": Shallow("coral", "similarity"),
  "jgsa": Shallow("jgsa", "nn"),
  "meda": Shallow("gfk", "meda"),
}
_ORDER = ("CA", "CW", "CD", "AC", "AW", "AD", "WC", "WA", "WD", "DC", "DA", "DW")
_NAMES = [f"decaf6_{DOMAINS[pair[0]]}_{DOMAINS[pair[1]]}" for pair in _ORDER]
_WANG = "Wang, transfer-learning benchmark (data/benchmark.md), DeCAF6"
_PROTOCOL = "all source images labelled, all target images unlabelled"
_ABSENT = "not run: the method is not here"
_ROWS = {
  ("1NN", "nn"): "87.3 72.5 79.6 71.7 68.1 74.5 55.3 62.6 98.1 42.1 50 91.5",
  ("SVM", "svm_rbf"): "91.6 80.7 86 82.2 71.9 80.9 67.9 73.4 100 72.8 78.7 98.3",
  ("PCA", "pca-dim=30"): "88.1 83.4 84.1 79.3 70.9 82.2 70.3 73.5 99.4 71.7 79.2 98",
  ("TCA", "jda-dim=30-iterations=1"): "89.8 78.3 85.4 82.6 74.2 81.5 80.4 84.1 100 82.3 89.1 99.7",
  ("GFK", "gfk"): "88.2 77.6 86.6 79.2 70.9 82.2 69.8 76.8 100 71.4 76.3 99.3",
  ("JDA", "jda-dim=30"): "89.6 85.1 89.8 83.6 78.3 80.3 84.8 90.3 100 85.5 91.7 99.7",
  ("SCA", "sca"): "89.5 85.4 87.9 78.8 75.9 85.4 74.8 86.1 100 78.1 90 98.6",
  ("JGSA", "jgsa"): "91.4 86.8 93.6 84.9 81 88.5 85 90.7 100 86.2 92 99.7",
  ("CORAL", "coral_similarity"): "92 80 84.7 83.2 74.6 84.1 75.5 81.2 100 76.8 85.5 99.3",
  ("MEDA", "meda"): "93.4 95.6 91.1 87.4 88.1 88.1 93.2 99.4 99.4 87.5 93.2 97.6",
}

SUITE = Suite(
  name="decaf",
  tasks=tuple(t for t in FEATURES.tasks if t.name.startswith("decaf6_")),
  settings=VECTORS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those; "
    "nearest neighbour, but for SVM, CORAL (SVM, C by two-fold cross-validation on the source) and "
    "MEDA; no target label"
  ),
  reported=tuple(
    row(*who, _WANG, _PROTOCOL, _NAMES, text, _ABSENT if who[0] == "SCA" else "")
    for who, text in _ROWS.items()
  ),
)

PLAN = Plan(SUITE, METHODS, 1)

if __name__ == "__main__":
  sys.exit(main(PLAN))
