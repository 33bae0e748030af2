"""The classical family on Office-Caltech10 SURF, beside the tables that print its rows, 12 pairs.

python -m benchmarks.surf --out results                     # sets that are prepared
python -m benchmarks.surf --from FOLDER --out results       # from a folder with surf/*.mat

All source images are labelled, all target images are seen without labels, and nearest neighbours
classify unless the row says otherwise. Nothing is drawn at random, so there is one seed. Dimensions
and weights are those of the printed tables; what the released code does beside its paper, each entry
in adapt/shallow says. `jda-dim=30-iterations=1` is TCA as JDA's authors ran it. Of BDA, JDOT and OTDA
no row is published under this protocol: their settings were chosen on target labels, or on draws.
"""

import sys

from adapt.cli.shallow import main
from adapt.experiments.suite import VECTORS, Suite, row
from adapt.shallow.otda import PLANS
from adapt.shallow.run import Plan, Shallow
from benchmarks.surf_full import SUITE as FULL
from benchmarks.surf_full import names

METHODS = {
  "nn": Shallow(classifier="nn"),
  "svm_rbf": Shallow(classifier="rbf"),
  "pca-dim=30": Shallow("pca", "nn", {"dim": 30}),
  "pca": Shallow("pca", "nn"),
  "jda-dim=30-iterations=1": Shallow("jda", "nn", {"dim": 30, "iterations": 1}),
  "gfk": Shallow("gfk", "nn"),
  "gfk-dim=10": Shallow("gfk", "nn", {"dim": 10}),
  "jda-dim=30": Shallow("jda", "nn", {"dim": 30}),
  "jda": Shallow("jda", "nn"),
  "bda": Shallow("bda", "nn"),
  "tjm": Shallow("tjm", "nn"),
  "coral_similarity": Shallow("coral", "similarity"),
  "jgsa": Shallow("jgsa", "nn"),
  "meda": Shallow("gfk", "meda"),
  "easytl_c": Shallow("none", "easytl"),
  "easytl": Shallow("coral", "easytl"),
  "jdot": Shallow("none", "jdot"),
  **{f"otda-plan={plan}": Shallow("otda", "nn", {"plan": plan}) for plan in PLANS},
}

_ORDER = names("CA CW CD AC AW AD WC WA WD DC DA DW")
_WANG = "Wang, transfer-learning benchmark (data/benchmark.md), SURF"
_EASY = "Wang et al., log of EasyTL's Python port (pyEasyTL/results.txt), SURF"
_JDA = "Long et al. (ICCV 2013), SURF"
_TJM = "Long et al. (CVPR 2014), SURF"
_ALL = "all source images labelled, all target images unlabelled, z-scored features"

_ROWS = {
  ("1NN", "nn", _WANG): "23.7 25.8 25.5 26 29.8 25.5 19.9 23 59.2 26.3 28.5 63.4",
  ("SVM", "svm_rbf", _WANG): "53.1 41.7 47.8 41.7 31.9 44.6 28.8 27.6 78.3 26.4 26.2 52.5",
  ("PCA", "pca-dim=30", _WANG): "39.5 34.6 44.6 39 35.9 33.8 28.2 29.1 89.2 29.7 33.2 86.1",
  (
    "TCA",
    "jda-dim=30-iterations=1",
    _WANG,
  ): "45.6 39.3 45.9 42 40 35.7 31.5 30.5 91.1 33 32.8 87.5",
  ("GFK", "gfk", _WANG): "46 37 40.8 40.7 37 40.1 24.8 27.6 85.4 29.3 28.7 80.3",
  ("JDA", "jda-dim=30", _WANG): "43.1 39.3 49 40.9 38 42 33 29.8 92.4 31.2 33.4 89.2",
  ("CORAL", "coral_similarity", _WANG): "52.1 46.4 45.9 45.1 44.4 39.5 33.7 36 86.6 33.8 37.7 84.7",
  ("JGSA", "jgsa", _WANG): "51.5 45.4 45.9 41.5 45.8 47.1 33.2 39.9 90.5 29.9 38 91.9",
  ("MEDA", "meda", _WANG): "56.5 53.9 50.3 43.9 53.2 45.9 34.0 42.7 88.5 34.9 41.2 87.5",
  ("EasyTL(c)", "easytl_c", _EASY): "50.1 49.5 48.4 43.0 40.7 38.9 29.7 35.2 77.1 31.2 31.9 69.5",
  ("EasyTL", "easytl", _EASY): "52.6 53.9 51.6 42.3 43.1 48.4 35.4 38.2 79.6 36.1 38.3 86.1",
  (
    "PCA",
    "pca",
    _JDA,
  ): "36.95 32.54 38.22 34.73 35.59 27.39 26.36 31.00 77.07 29.65 32.05 75.93",
  (
    "GFK",
    "gfk-dim=10",
    _JDA,
  ): "41.02 40.68 38.85 40.25 38.98 36.31 30.72 29.75 80.89 30.28 32.05 75.59",
  (
    "JDA",
    "jda",
    _JDA,
  ): "44.78 41.69 45.22 39.36 37.97 39.49 31.17 32.78 89.17 31.52 33.09 89.49",
  (
    "TJM",
    "tjm",
    _TJM,
  ): "46.76 38.98 44.59 39.45 42.03 45.22 30.19 29.96 89.17 31.43 32.78 85.42",
}
_POPULATION = "with population deviations in the z-scores every pair is as printed"
_CAUSES = {
  ("SVM", _WANG): "W→C is a misprint of 21.2, which fits the printed average and CORAL's Table 3",
  ("PCA", _WANG): _POPULATION,
  ("PCA", _JDA): _POPULATION,
  ("GFK", _WANG): (
    "not explained: of eight scalings of the features and 22 dimensions from 5 to 120 none gives the "
    "row; of unit length at dimension 20 the average is 43.0, but pairs differ by up to 5.7; nor does "
    "the paper's other source subspace, partial least squares, at 10, 20 or 30 dimensions (45.9 to 47.4)"
  ),
  (
    "GFK",
    _JDA,
  ): "every pair is within two images of ours at dimension 10 or at 20, by no known rule",
  ("CORAL", _WANG): "another C where the folds tie: the row's own C differs between pairs",
  ("MEDA", _WANG): "the authors' classifier that estimates the balance is stochastic",
}

SUITE = Suite(
  name="surf",
  tasks=FULL.tasks,
  settings=VECTORS,
  protocol=(
    "transductive: all source images with labels, all target images without, accuracy on those; "
    "counts divided by their sum, each column z-scored per domain; nearest neighbour, but for SVM, "
    "CORAL (SVM, C by two-fold cross-validation on the source), EasyTL and MEDA; no target label"
  ),
  reported=tuple(
    row(label, beside, source, _ALL, _ORDER, text, _CAUSES.get((label, source), ""))
    for (label, beside, source), text in _ROWS.items()
  ),
)

PLAN = Plan(SUITE, METHODS, 1)

if __name__ == "__main__":
  sys.exit(main(PLAN))
